// The attention of one trace: its calls, which lead to the timeline, and four plots of them.
import { amount, askJson, bytes, complain, duration, make, percent, table } from "./core.js";
import { announce, drawPlot } from "./drawn.js";

const trace = document.body.dataset.trace;

async function listCalls() {
  const { rows } = await askJson("attention/places", { trace });
  const known = (value) => (value === null ? "–" : amount(value));
  const place = (row) => (row.longest_id === null ? row.module
    : make("a", { href: `timeline?${new URLSearchParams({ trace, kind: "stream", ref: row.longest_id })}`, title: `${row.module}: the longest call` }, row.module));
  const shown = table([
    ["module", place],
    ["component", (row) => row.component],
    ["kind", (row) => row.attention_kind],
    ["by", (row) => row.implementation ?? "–"],
    ["query × key", (row) => (row.query_len === null ? "–" : `${known(row.query_len)} × ${known(row.kv_len)}`)],
    ["heads × width", (row) => (row.heads === null ? "–" : `${row.heads} × ${known(row.head_dim)}`)],
    ["scores", (row) => (row.score_bytes === null ? "–" : bytes(row.score_bytes))],
    ["calls", (row) => amount(row.call_count)],
    ["core time", (row) => duration(row.core_ns)],
    ["share", (row) => percent(row.core_frac), (row) => row.core_frac],
    ["FLOP rate", (row) => (row.core_flops && row.core_ns ? amount((row.core_flops / row.core_ns) * 1e9, "FLOP/s") : "–")],
  ], rows.slice(0, 300));
  document.getElementById("calls").replaceChildren(...(rows.length ? [shown] : [make("p", { class: "note" }, "No attention call was found in this trace.")]));
  if (rows.length > 300) document.getElementById("calls").append(make("p", { class: "note" }, `the first 300 of ${amount(rows.length)}`));
}

// one after the other, since the server draws one at a time
async function drawAll() {
  const sections = [...document.querySelectorAll("[data-plot]")];
  sections.forEach((section) => announce(section.lastElementChild));
  for (const section of sections) {
    const box = section.lastElementChild;
    try {
      // pairs of traces are found among all of them
      const all = section.dataset.plot === "flash_speedup";
      await drawPlot(box, "plots/draw", { name: section.dataset.plot, trace: all ? "all" : trace });
    } catch (failure) {
      complain("");
      box.replaceChildren(make("p", { class: "note refused" }, failure.message));
    }
  }
}

addEventListener("themechange", drawAll);
await Promise.all([listCalls(), drawAll()]);
