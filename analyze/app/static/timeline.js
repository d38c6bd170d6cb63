// The page of one trace's timeline: search, details of a slice, sums of a range, and the address.
import { amount, askJson, complain, duration, isWriting, keep, make, percent, state, table } from "./core.js";
import { expectedOf, factsOf, sameOf } from "./facts.js";
import { loadHits } from "./timeline_data.js";
import { openInPerfetto } from "./perfetto.js";
import { TimelineView } from "./timeline_view.js";

const trace = document.body.dataset.trace;
const [box, factsBox, rangeBox, search] = ["view", "facts", "range", "search"].map((id) => document.getElementById(id));
const LEVELS = { category: "class", kernel: "kernel", module: "module", component: "component", operator: "operator" };

const meta = await askJson("timeline/meta", { trace }).catch((failure) => {
  complain("");
  box.replaceChildren(make("p", { class: "note waiting" }, failure.message));
  // nothing below can be done without it
  return new Promise(() => {});
});
box.replaceChildren();
// addresses and SQL count from the trace's base, which can be too large for a double
const base = BigInt(meta.base_ns);
const absolute = (ns) => String(base + BigInt(Math.round(ns)));
const relative = (text) => Number(BigInt(text) - base);

let [hits, place, level, writing] = [null, -1, "category", 0];
const view = new TimelineView(box, { trace, meta, counts: true, picked: pick, ranged: (range) => showRange(range), moved: remember });
window.genscopeTimeline = view;

function remember() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    const all = view.from <= 0 && view.until >= view.span;
    keep({ from: all ? null : absolute(view.from), until: all ? null : absolute(view.until) });
  }, 200);
}

// --- details ---------------------------------------------------------------------------------------
async function pick(slice) {
  if (!slice) return clear();
  keep({ kind: slice.kind, ref: slice.ref });
  if (["component", "step", "category", "attention"].includes(slice.kind)) {
    view.setRange([slice.start, slice.end]);
    factsBox.replaceChildren(make("h2", { class: "name" }, `${LEVELS[slice.kind] ?? slice.kind} ${slice.name}`),
      make("p", { class: "note" }, `${duration(slice.end - slice.start)} without another value in between; the range shows what ran.`));
    return showRange([slice.start, slice.end]);
  }
  return showFacts(slice.kind, slice.ref);
}

async function showFacts(kind, ref) {
  const facts = await askJson("timeline/facts", { trace, kind, ref });
  const links = [];
  const leads = (text, id) => { if (id !== null && id !== undefined) links.push([text, () => follow("stream", id)]); };
  if (kind === "stream") {
    if (facts.call_id !== null) links.push(["launching call", () => follow("call", facts.call_id)]);
    const line = meta.lines.find((found) => found.kind === "call" && found.track === facts.call_track);
    view.arrow = line ? { line: line.line, start: facts.call_start_ns } : null;
    view.redraw();
  }
  leads("first kernel", facts.first_work_id);
  links.push(["its range", () => { view.setRange([facts.start_ns, facts.start_ns + facts.dur_ns]); showRange(view.range); }]);
  factsBox.replaceChildren(...factsOf(kind, facts, links));
  if (kind === "stream") {
    const [list, buttons] = [factsBox.querySelector("dl"), factsBox.querySelector(".links")];
    addSame(ref, list, buttons).then(() => addExpected(ref, list));
  }
  return facts;
}

// Both take longer than the rest, so they follow.
async function addSame(work, list, buttons) {
  const same = await askJson("timeline/same", { trace, work });
  list.append(...sameOf(same));
  const lead = (text, id) => (id === null ? null : make("button", { onclick: () => follow("stream", id) }, text));
  buttons.prepend(...[lead("‹ same shape", same.previous_id), lead("same shape ›", same.next_id)].filter(Boolean));
}

async function addExpected(work, list) {
  const expected = await askJson("timeline/expected", { trace, work });
  if (expected.op_expected_ns) list.append(...expectedOf(expected));
}

// Goes to a slice that is known by its kind and number.
async function follow(kind, ref) {
  const facts = await showFacts(kind, ref);
  const line = lineOf(kind, facts);
  view.select({ kind, ref: Number(ref), line, start: facts.start_ns, end: facts.start_ns + facts.dur_ns });
  view.reveal(facts.start_ns, facts.start_ns + facts.dur_ns, line);
  await showFacts(kind, ref);
  keep({ kind, ref });
}

function lineOf(kind, facts) {
  const track = `${facts.process_id}/${facts.thread_id}`;
  const found = meta.lines.find((line) => line.kind === kind && (facts.device_id === undefined
    ? line.track === track
    : line.device_id === facts.device_id && line.stream_id === (facts.stream_id ?? -1)));
  return found?.line ?? -1;
}

function clear() {
  view.select(null);
  view.setRange(null);
  keep({ kind: null, ref: null, range: null });
  showSums("Whole trace", 0, view.span);
}

// --- a range ---------------------------------------------------------------------------------------
function showRange([from, until]) {
  keep({ range: `${absolute(from)}-${absolute(until)}` });
  return showSums("Range", from, until);
}

async function showSums(title, from, until) {
  const { rows } = await askJson("timeline/range", { trace, from: Math.round(from), until: Math.round(until) });
  const draw = () => {
    const shown = rows.filter((row) => row.level === level);
    const total = shown.reduce((sum, row) => sum + row.work_ns, 0);
    const choices = Object.entries(LEVELS).map(([key, name]) =>
      make("button", { class: key === level ? "chosen" : null, onclick: () => { level = key; draw(); } }, name));
    rangeBox.replaceChildren(
      make("h2", {}, `${title}: ${duration(until - from)}, ${meta.time} ${duration(total)}${meta.marked ? ` (${meta.marked})` : ""}`),
      make("p", { class: "links" }, ...choices),
      make("div", { class: "wide tall" }, table([
        [LEVELS[level], (row) => row.name],
        ["items", (row) => amount(row.work_count)],
        ["time", (row) => duration(row.work_ns)],
        ["share", (row) => percent(row.work_frac), (row) => row.work_frac],
      ], shown.slice(0, 200))));
  };
  draw();
}

// --- search ----------------------------------------------------------------------------------------
async function find(text) {
  keep({ q: text });
  hits = text ? await loadHits(trace, text) : null;
  view.hits = hits ? [...hits.start.slice(0, 5000)] : [];
  view.redraw();
  document.getElementById("hits").textContent = hits ? `${amount(hits.size)} found` : "";
  for (const id of ["previous", "next"]) document.getElementById(id).disabled = !hits?.size;
  place = hits ? hits.start.findIndex((start) => start >= view.from) - 1 : -1;
  if (hits?.size) step(1);
}

function step(by) {
  if (!hits?.size) return;
  place = (place + by + hits.size) % hits.size;
  document.getElementById("hits").textContent = `${amount(place + 1)} of ${amount(hits.size)}`;
  const slice = { line: hits.line[place], ref: hits.ref[place], start: hits.start[place], end: hits.end[place], kind: meta.lines[hits.line[place]].kind };
  view.select(slice);
  view.reveal(slice.start, slice.end, slice.line);
  pick(slice);
}

search.addEventListener("keydown", (event) => {
  if (event.key === "Enter") hits && search.value === state().get("q") ? step(event.shiftKey ? -1 : 1) : find(search.value);
  if (event.key === "Escape") view.canvas.focus();
});
search.addEventListener("search", () => { if (!search.value) find(""); });
document.getElementById("previous").addEventListener("click", () => step(-1));
document.getElementById("next").addEventListener("click", () => step(1));

document.getElementById("perfetto").addEventListener("click", (event) => {
  const [from, until] = view.range ?? [Math.max(0, view.from), Math.min(view.span, view.until)];
  openInPerfetto({ trace, from: Math.floor(from), until: Math.ceil(until) }, meta.name, event.target);
});

// --- keys ------------------------------------------------------------------------------------------
const ACTS = {
  "/": () => search.focus(),
  n: () => step(1),
  N: () => step(-1),
  0: () => view.go(0, view.span),
  f: () => {
    const around = view.selected ?? (view.range && { start: view.range[0], end: view.range[1] });
    if (around) view.go(around.start - (around.end - around.start) * 0.2, around.end + (around.end - around.start) * 0.2);
  },
  m: () => { if (view.selected) { view.setRange([view.selected.start, view.selected.end]); showRange(view.range); } },
  Escape: clear,
  ArrowUp: () => view.scrollTo(view.scroll - 1),
  ArrowDown: () => view.scrollTo(view.scroll + 1),
};
addEventListener("keydown", (event) => {
  if (isWriting(event)) return;
  if ("wasd".includes(event.key)) view.keys.add(event.key);
  else if (ACTS[event.key]) {
    event.preventDefault();
    ACTS[event.key]();
  }
});
addEventListener("keyup", (event) => view.keys.delete(event.key.toLowerCase()));

// --- what the address says -------------------------------------------------------------------------
const asked = state();
if (asked.get("from") && asked.get("until")) view.go(relative(asked.get("from")), relative(asked.get("until")));
if (asked.get("range")) {
  const bounds = asked.get("range").match(/^(-?\d+)-(-?\d+)$/)?.slice(1).map(relative);
  if (bounds) {
    view.setRange(bounds);
    showRange(bounds);
  }
} else {
  showSums("Whole trace", 0, view.span);
}
if (asked.get("q")) {
  search.value = asked.get("q");
  await find(search.value);
} else if (asked.get("ref") && ["stream", "copy", "operator", "call", "range"].includes(asked.get("kind"))) {
  const [from, until] = [asked.get("from"), asked.get("until")];
  await follow(asked.get("kind"), asked.get("ref"));
  if (from && until) view.go(relative(from), relative(until));
}
