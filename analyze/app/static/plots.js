// Every plot of every query, for one trace or all, with its rows, its SQL and as a file.
import { askJson, complain, keep, make, state, table } from "./core.js";
import { drawPlot } from "./drawn.js";

const byId = (id) => document.getElementById(id);
const trace = document.body.dataset.trace;
const { plots } = await askJson("plots/list");
let chosen = plots.find((plot) => plot.name === state().get("name")) ?? plots.find((plot) => plot.name === "operator_breakdown") ?? plots[0];
let number = 0;
byId("all").checked = state().get("all") === "1";

function list(wanted = "") {
  const hit = (plot) => `${plot.name} ${plot.title}`.toLowerCase().includes(wanted);
  byId("plots").replaceChildren(...plots.filter(hit).map((plot) =>
    make("button", { class: plot === chosen ? "chosen" : null, title: plot.name, onclick: () => choose(plot) }, plot.title)));
}

function choose(plot) {
  chosen = plot;
  list(byId("find").value.toLowerCase());
  byId("params").replaceChildren(...plot.params.map(([name, , standard, text]) =>
    make("label", { class: "note", title: text }, `${name} `, make("input", { "data-param": name, placeholder: standard, value: state().get(`p_${name}`) ?? "", onchange: draw }))));
  draw();
}

function values() {
  const params = [...document.querySelectorAll("[data-param]")].filter((field) => field.value).map((field) => [`p_${field.dataset.param}`, field.value]);
  return { name: chosen.name, trace: byId("all").checked ? "all" : trace, ...Object.fromEntries(params) };
}

async function draw() {
  const [asked, mine] = [values(), ++number];
  keep({ name: chosen.name, all: byId("all").checked ? "1" : null });
  byId("title").textContent = chosen.title;
  byId("sentence").textContent = chosen.sentence[0].toUpperCase() + chosen.sentence.slice(1);
  const box = make("div");
  byId("plot").replaceChildren(make("p", { class: "note" }, "drawing …"));
  for (const link of document.querySelectorAll(".save")) link.href = `plots/file?${new URLSearchParams({ ...asked, form: link.dataset.form })}`;
  try {
    byId("plot").replaceChildren(box);
    const { columns, rows, row_count: count, sql } = await drawPlot(box, "plots/draw", asked);
    if (mine !== number) return;
    byId("rows").replaceChildren(table(columns.map((name, place) => [name, (row) => row[place]]), rows),
      count > rows.length ? make("p", { class: "note" }, `the first ${rows.length} of ${count.toLocaleString()}; all are on the Query page`) : "");
    byId("sql").textContent = sql;
  } catch (failure) {
    if (mine !== number) return;
    complain("");
    box.replaceChildren(make("p", { class: "note refused" }, failure.message));
    byId("rows").replaceChildren();
    byId("sql").textContent = "";
  }
}

byId("find").addEventListener("input", (event) => list(event.target.value.toLowerCase()));
byId("all").addEventListener("change", draw);
addEventListener("themechange", draw);
list();
choose(chosen);
