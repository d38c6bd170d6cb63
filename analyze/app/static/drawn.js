// Plots that HoloViews drew on the server, shown by BokehJS.
import { askJson, isDark, make } from "./core.js";

let loading;
function bokeh() {
  loading ??= new Promise((resolve, reject) => {
    const script = make("script", { src: "static/bokeh/bokeh.min.js" });
    script.onload = () => resolve(window.Bokeh);
    script.onerror = () => reject(new Error("BokehJS can't be loaded"));
    document.head.append(script);
  });
  return loading;
}

// Says that a plot is on its way, unless an older one is still there to look at.
export function announce(box) {
  if (!box.firstChild) box.append(make("p", { class: "note" }, "drawing …"));
}

// Replaces the content of `box` by the figures that the server sends, or why there are none; returns what else it sends.
export async function drawPlot(box, path, values) {
  announce(box);
  const [Bokeh, { items, ...rest }] = await Promise.all([bokeh(), askJson(path, { ...values, theme: isDark() ? "dark" : "light" })]);
  const { why_none: why } = rest;
  if (why) box.replaceChildren(make("p", { class: "note" }, `${why}.`));
  else box.replaceChildren(...items.map(({ caption }) => make("figure", {}, make("figcaption", {}, caption), make("div", { class: "figure-box" }))));
  await Promise.all(items.map(({ caption, ...item }, place) => Bokeh.embed.embed_item(item, box.children[place].lastChild)));
  return rest;
}
