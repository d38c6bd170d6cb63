// What every page uses: addresses, requests, numbers as text, and elements made without HTML.

export const state = () => new URLSearchParams(location.search);

// Writes values into the address, so that it can be shared; null removes one.
export function keep(values) {
  const now = state();
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === "" || value === undefined) now.delete(key);
    else now.set(key, value);
  }
  history.replaceState(null, "", `${location.pathname}?${now}`);
}

export function complain(message) {
  const line = document.getElementById("error");
  line.textContent = message;
  line.hidden = !message;
}

// Asks the server; what it refuses is shown at the foot of the page and thrown.
export async function ask(path, values = {}, options = {}) {
  const address = `${path}?${new URLSearchParams(values)}`;
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    complain("The server doesn't answer. Is genscope still running?");
    throw failure;
  }
  if (!answer.ok) {
    const body = await answer.json().catch(() => ({ error: `${answer.status} ${answer.statusText}` }));
    if (!options.quiet) complain(body.error);
    throw new Error(body.error);
  }
  complain("");
  return answer;
}

export const askJson = async (path, values, options) => (await ask(path, values, options)).json();

// An element with attributes and children; texts are always text.
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") made.style.cssText = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Three significant digits; a longer whole number keeps all of its digits.
export const digits = (value) => (Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : String(Number(value.toPrecision(3))));

export function duration(ns) {
  if (ns === null || ns === undefined) return "–";
  for (const [limit, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
    if (Math.abs(ns) >= limit) return `${digits(ns / limit)} ${unit}`;
  }
  return `${digits(ns)} ns`;
}

export function percent(frac) {
  if (frac === null || frac === undefined) return "–";
  if (frac !== 0 && Math.abs(frac) < 0.0005) return frac > 0 ? "<0.1 %" : ">-0.1 %";
  return `${(100 * frac).toFixed(1)} %`;
}

export function amount(value, unit = "") {
  if (value === null || value === undefined) return "–";
  for (const [limit, letter] of [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"]]) {
    if (Math.abs(value) >= limit) return `${digits(value / limit)} ${letter}${unit}`;
  }
  return `${value.toLocaleString("en-US", { maximumFractionDigits: 1 })} ${unit}`.trim();
}

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  for (const [limit, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (Math.abs(count) >= limit) return `${digits(count / limit)} ${unit}`;
  }
  return `${count} B`;
}

// A table of rows; columns are [title, text of a row, share of a row or undefined].
export function table(columns, rows, className = "rows") {
  const head = make("tr", {}, ...columns.map(([title]) => make("th", {}, title)));
  const body = rows.map((row) =>
    make("tr", {}, ...columns.map(([, text, share]) => {
      const shown = text(row);
      const bar = share ? { class: "bar", style: `--share:${100 * Math.min(1, Math.abs(share(row) || 0))}%` } : {};
      return make("td", { ...bar, title: typeof shown === "string" && shown.length > 24 ? shown : null }, shown);
    })));
  return make("table", { class: className }, make("thead", {}, head), make("tbody", {}, ...body));
}

export const isDark = () => document.documentElement.dataset.theme === "dark";

// Whether a key press belongs to a field in which one writes.
export const isWriting = (event) =>
  event.target.closest("input, textarea, select, [contenteditable]") !== null || event.ctrlKey || event.metaKey || event.altKey;
