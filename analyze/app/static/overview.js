// What the overview shows later, because it can take long: savings, and why the GPU is idle.
import { askJson, duration, make, percent, table } from "./core.js";

const trace = document.body.dataset.trace;
const box = document.getElementById("causes");

// A query that shows what was counted; its rows lead to the timeline.
const itemsOf = (row) => `query?${new URLSearchParams({ q: row.items })}`;
// A bound, or the interval, which is one value where its ends look alike.
const between = (row, said) => (row.at_most ? `≤ ${said(row.high_ns)}` : [...new Set([said(row.low_ns), said(row.high_ns)])].join(" – "));

async function showOpportunities() {
  const { rows } = await askJson("overview/opportunities", { trace });
  if (!rows.length) return;
  const list = rows.map((row) => make("li", {},
    make("span", { class: "gain" }, between(row, duration), make("small", {}, between(row, (ns) => percent(ns / row.run_ns)))),
    make("span", {}, row.what, make("small", {}, row.advice)),
    make("a", { href: itemsOf(row) }, "show")));
  box.parentElement.before(make("section", { class: "card" }, make("h2", {}, "What would save time"), make("ol", { class: "opportunities" }, ...list),
    make("p", { class: "note" }, "Fixes can save the same time, so savings don't add up. ≤ is a bound.")));
}

async function showIdle() {
  const { rows } = await askJson("overview/idle", { trace });
  if (!rows.length) {
    box.lastElementChild.textContent = "Unknown: the trace has no kernels, or doesn't link them to their calls.";
    return;
  }
  const causes = table([
    ["cause", (row) => row.cause],
    ["time", (row) => duration(row.ns)],
    ["share", (row) => percent(row.frac), (row) => row.frac],
  ], rows);
  box.replaceChildren(make("h2", {}, "Why the GPU is idle"), causes);
}

// one after the other: each can take the server long
await showIdle();
await showOpportunities();
