// The Query page: every relation next to the editor, and the answer as a table, a chart or a file.
import { askJson, complain, keep, make, state } from "./core.js";
import { drawPlot } from "./drawn.js";
import { Editor } from "./editor.js";
import { Grid } from "./grid.js";

const LAYERS = { metric: "Answers", schema: "Base tables", nsys: "As nsys stats prints them", interval: "Interval macros", rules: "Rules" };
const MOST_PAST = 50;
const byId = (id) => document.getElementById(id);
const [run, stop, said, answer, history] = ["run", "stop", "said", "answer", "history"].map(byId);

// a secret of this page, so that no other visitor can end its queries
const visitor = sessionStorage.getItem("visitor") ?? crypto.randomUUID();
sessionStorage.setItem("visitor", visitor);
const post = (path, body) =>
  askJson(`query/${path}`, { visitor }, { method: "POST", body: JSON.stringify(body), quiet: path === "run" });

const { relations } = await askJson("query/catalogue");
const named = new Map(relations.map((relation) => [relation.name, relation]));
const first = "SELECT trace_name, kernel_count, gpu_busy_ns, gpu_idle_ns\nFROM gpu_time";
const editor = new Editor(byId("editor"), { relations: named, run: ask, value: state().get("q") ?? first });
window.genscopeQuery = { editor };

// --- relations -------------------------------------------------------------------------------------
function documentation(relation) {
  const columns = relation.columns.map(([name, note]) =>
    make("div", { class: "column" }, make("button", { onclick: () => editor.insert(name) }, name), make("small", {}, note)));
  const params = relation.params.map(([name, value, note]) =>
    make("div", { class: "column" }, make("button", { onclick: () => editor.insert(`${name} := ${value}`) }, `${name} := ${value}`), make("small", {}, note)));
  const call = relation.params.length ? `${relation.name}()` : relation.call;
  return make("details", { "data-name": relation.name },
    make("summary", {}, relation.name),
    make("p", {}, relation.sentence),
    relation.grain ? make("p", { class: "note" }, relation.grain) : null,
    make("p", { class: "links" },
      make("button", { onclick: () => { editor.value = `SELECT *\nFROM ${call}`; ask(); } }, "Show rows"),
      make("button", { onclick: () => editor.insert(call) }, "Insert name")),
    ...params, ...columns);
}

function list(wanted = "") {
  const groups = new Map();
  for (const relation of relations) {
    const hit = !wanted || relation.name.includes(wanted) || relation.columns.some(([name]) => name.includes(wanted));
    if (!hit) continue;
    const group = LAYERS[relation.layer] ?? "Attribution";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(documentation(relation));
  }
  const order = [...Object.values(LAYERS).slice(0, 1), "Attribution", ...Object.values(LAYERS).slice(1)];
  byId("relations").replaceChildren(...[...groups].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).flatMap(([name, found]) => [make("h2", {}, name), ...found]));
}
list();
byId("find").addEventListener("input", (event) => list(event.target.value.trim().toLowerCase()));

// --- running ---------------------------------------------------------------------------------------
let running = false;
async function ask() {
  if (running) return;
  const sql = editor.value;
  [running, run.disabled, stop.disabled] = [true, true, false];
  const began = performance.now();
  const clock = setInterval(() => { said.textContent = `running ${((performance.now() - began) / 1000).toFixed(1)} s`; }, 100);
  keep({ q: sql });
  complain("");
  try {
    const opened = await post("run", { do: "open", sql, seconds: Number(byId("seconds").value) || 30 });
    said.textContent = `${((performance.now() - began) / 1000).toFixed(2)} s`;
    remember(sql);
    show(opened);
  } catch (failure) {
    said.textContent = "";
    answer.replaceChildren(make("p", { class: "bad refused" }, failure.message));
    offer(false);
  } finally {
    clearInterval(clock);
    [running, run.disabled, stop.disabled] = [false, false, true];
  }
}

function show({ columns, count }) {
  const rows = (request) => post("run", { do: "page", ...request });
  const grid = new Grid(answer, { columns, count, rows, chosen: lead });
  window.genscopeQuery.grid = grid;
  byId("place").hidden = true;
  byId("drawn").hidden = true;
  offer(true);
}

function offer(has) {
  byId("chart").disabled = !has;
  for (const form of ["csv", "parquet"]) {
    byId(form).hidden = !has;
    byId(form).href = `query/export?${new URLSearchParams({ visitor, form })}`;
  }
}

// A row that names a work item leads to the timeline.
function lead(row) {
  const ref = row.work_id ?? row.kernel_id;
  const [kind, id] = ref !== undefined ? ["stream", ref] : row.call_id !== undefined ? ["call", row.call_id] : row.op_id !== undefined ? ["operator", row.op_id] : [];
  const place = byId("place");
  place.hidden = id === undefined || id === null || row.trace_id === undefined;
  place.href = `timeline?${new URLSearchParams({ trace: row.trace_id, kind, ref: id })}`;
}

run.addEventListener("click", ask);
stop.addEventListener("click", () => post("stop", {}));

byId("chart").addEventListener("click", async () => {
  const box = byId("drawn");
  box.hidden = !box.hidden;
  box.replaceChildren(make("p", { class: "note" }, "drawing …"));
  if (!box.hidden) await drawPlot(box, "query/chart", { visitor }).catch(() => { box.hidden = true; });
});

// --- history ---------------------------------------------------------------------------------------
const past = () => JSON.parse(localStorage.getItem("past") ?? "[]");
function remember(sql) {
  localStorage.setItem("past", JSON.stringify([sql, ...past().filter((old) => old !== sql)].slice(0, MOST_PAST)));
  listPast();
}
function listPast() {
  history.replaceChildren(make("option", { value: "" }, "History"),
    ...past().map((sql, place) => make("option", { value: place }, sql.replace(/\s+/g, " ").slice(0, 90))));
}
listPast();
history.addEventListener("change", () => {
  if (history.value !== "") editor.value = past()[Number(history.value)];
  history.value = "";
});

if (state().get("q")) ask();
