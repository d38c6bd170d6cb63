// Two traces, or two steps: what differs, as a waterfall and a table, and both timelines on one scale.
import { amount, askJson, digits, duration, isWriting, keep, make, state, table } from "./core.js";
import { drawPlot } from "./drawn.js";
import { TimelineView } from "./timeline_view.js";

const byId = (id) => document.getElementById(id);
const KEPT = ["a", "b", "level", "astep", "bstep", "anchor"];
const asked = state();
for (const id of ["a", "b", "level", "astep", "bstep"]) if (asked.get(id)) byId(id).value = asked.get(id);
const chosen = () => Object.fromEntries(["a", "b", "level", "astep", "bstep"].map((id) => [id, byId(id).value]).filter(([, value]) => value !== ""));

let [views, anchors] = [[], [{}, {}]];
window.genscopeViews = views;
const signed = (ns) => `${ns > 0 ? "+" : ns < 0 ? "−" : ""}${duration(Math.abs(ns))}`;

// A large change is easier to read as a factor.
function changeOf(first, second) {
  const ratio = second / first;
  return ratio > 3 ? `${digits(ratio)}×` : `${ratio >= 1 ? "+" : "−"}${(100 * Math.abs(ratio - 1)).toFixed(1)} %`;
}

function changeOfRow(row) {
  if (row.first_ns && row.second_ns) return changeOf(row.first_ns, row.second_ns);
  return row.present_in === "both" ? "–" : `only in ${row.present_in}`;
}

async function compare() {
  const values = chosen();
  keep({ ...Object.fromEntries(KEPT.map((id) => [id, null])), ...values, anchor: state().get("anchor"), trace: values.a });
  const found = await askJson("compare/difference", values);
  const only = (side) => found.rows.filter((row) => row.present_in === side).length;
  const tone = found.refusal ? "" : found.second_ns > found.first_ns ? "bad" : "good";
  byId("headline").replaceChildren("A ", make("b", {}, found.names[0]), ` ${duration(found.first_ns)} → B `, make("b", {}, found.names[1]), ` ${duration(found.second_ns)}: `,
    make("b", { class: tone }, `${signed(found.second_ns - found.first_ns)}${found.first_ns ? `, ${changeOf(found.first_ns, found.second_ns)}` : ""}`),
    make("span", { class: "note" }, `  ${found.time}; ${only("A")} only in A, ${only("B")} only in B`));
  byId("refusal").textContent = found.refusal ? `These traces can't be compared: ${found.refusal}.` : "";
  const largest = Math.max(...found.rows.map((row) => Math.abs(row.difference_ns)), 1);
  byId("rows").replaceChildren(table([
    [values.level === "category" ? "class" : values.level, (row) => row.name],
    ["A", (row) => (row.first_count ? duration(row.first_ns) : "–")],
    ["B", (row) => (row.second_count ? duration(row.second_ns) : "–")],
    ["items A", (row) => amount(row.first_count)],
    ["items B", (row) => amount(row.second_count)],
    ["difference", (row) => signed(row.difference_ns), (row) => row.difference_ns / largest],
    ["of A", (row) => changeOfRow(row)],
  ], found.rows), found.row_count > found.rows.length ? make("p", { class: "note" }, `the first ${found.rows.length} of ${amount(found.row_count)}`) : "");
  anchors = found.anchors;
  listAnchors();
  await drawPlot(byId("waterfall"), "compare/plot", values);
}

// --- both timelines --------------------------------------------------------------------------------
function listAnchors() {
  const both = Object.keys(anchors[0]).filter((name) => name in anchors[1]);
  byId("anchor").replaceChildren(make("option", { value: "" }, "the first work"), ...both.map((name) => make("option", { value: name }, `${name}`)));
  const wanted = state().get("anchor");
  byId("anchor").value = both.includes(wanted) ? wanted : "";
  align();
}

function align() {
  if (views.length < 2) return;
  const name = byId("anchor").value;
  views.forEach((view, side) => { view.zero = name ? anchors[side][name] : Math.min(...Object.values(anchors[side]), view.span); });
  const size = Math.max(...views.map((view) => view.span - view.zero));
  views[0].go(views[0].zero - size * 0.02, views[0].zero + size * 1.02);
}

async function load() {
  for (const side of ["A", "B"]) byId(`view${side}`).replaceChildren();
  views.length = 0;
  const ids = [byId("a").value, byId("b").value];
  const metas = await Promise.all(ids.map((trace) => askJson("timeline/meta", { trace }))).catch(() => []);
  metas.forEach((meta, side) => {
    byId(`name${"AB"[side]}`).textContent = `${"AB"[side]}  ${meta.name}`;
    // the host's threads would need more room than there is
    meta.lines = meta.lines.filter((line) => line.track === null);
    byId(`view${"AB"[side]}`).style.height = `${Math.min(320, 66 + 17 * meta.lines.length)}px`;
    views.push(new TimelineView(byId(`view${"AB"[side]}`), { trace: ids[side], meta, peers: views, picked: (slice) => showTwin(side, slice) }));
  });
  align();
}

async function showTwin(side, slice) {
  if (!slice || slice.kind !== "stream") return;
  const values = { a: views[side].trace, b: views[1 - side].trace, ref: slice.ref };
  const twin = await askJson("compare/twin", values);
  const box = byId("twin");
  box.hidden = false;
  const other = views[1 - side];
  const own = slice.end - slice.start;
  if (twin.work_id === undefined) {
    box.replaceChildren(make("p", {}, `${slice.name} in ${"AB"[side]}: ${duration(own)}. The other trace has no work of the same component, step, module and operator in this place.`));
    return;
  }
  const line = other.meta.lines.find((found) => found.kind === "stream").line;
  other.select({ kind: "stream", ref: twin.work_id, line, start: twin.start_ns, end: twin.start_ns + twin.dur_ns });
  box.replaceChildren(make("p", {}, make("b", {}, slice.name), ` in ${"AB"[side]}: ${duration(own)}. Its twin in ${"AB"[1 - side]}: `, make("b", {}, twin.name),
    `, ${duration(twin.dur_ns)}${own ? `, ${(twin.dur_ns / own).toFixed(2)}× as long` : ""}. `,
    make("a", { href: `timeline?${new URLSearchParams({ trace: values.a, kind: "stream", ref: slice.ref })}` }, "timeline of A"), " · ",
    make("a", { href: `timeline?${new URLSearchParams({ trace: values.b, kind: "stream", ref: twin.work_id })}` }, "timeline of B")));
}

for (const id of ["a", "b"]) byId(id).addEventListener("change", () => { compare(); load(); });
for (const id of ["level", "astep", "bstep"]) byId(id).addEventListener("change", compare);
byId("anchor").addEventListener("change", () => { keep({ anchor: byId("anchor").value }); align(); });
byId("swap").addEventListener("click", () => {
  [byId("a").value, byId("b").value] = [byId("b").value, byId("a").value];
  [byId("astep").value, byId("bstep").value] = [byId("bstep").value, byId("astep").value];
  compare();
  load();
});
addEventListener("themechange", () => drawPlot(byId("waterfall"), "compare/plot", chosen()));
addEventListener("keydown", (event) => {
  if (isWriting(event)) return;
  if ("wasd".includes(event.key)) views[0]?.keys.add(event.key);
  if (event.key === "0") align();
});
addEventListener("keyup", (event) => views.forEach((view) => view.keys.delete(event.key.toLowerCase())));

await Promise.all([compare(), load()]);
