"use strict";
// Rows and plots are gzip in base64: a page of 25 traces would be five times as large without.
const unpacked = async (script) => {
  const bytes = Uint8Array.from(atob(script.textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
};

// A plot is drawn once its section is open, because one in a closed section has no width.
const draw = async (section) => {
  const places = [...section.querySelectorAll(".plot")].filter((place) => !place.dataset.drawn);
  if (!places.length) return;
  for (const place of places) place.dataset.drawn = "yes";
  const items = await unpacked(section.querySelector("script.plots"));
  for (const [number, place] of places.entries()) {
    await Bokeh.embed.embed_item({ ...items[number], target_id: null }, place);
    place.style.minHeight = "";
  }
};

const tabs = (section) => {
  const buttons = [...section.querySelectorAll(".tabs button")];
  const figures = [...section.querySelectorAll("figure")];
  const show = (chosen) => {
    buttons.forEach((button, number) => button.setAttribute("aria-selected", number === chosen));
    figures.forEach((figure, number) => figure.classList.toggle("later", number !== chosen));
  };
  buttons.forEach((button, number) => button.addEventListener("click", () => show(number)));
};

// RFC 4180, as the CSV is written: a field with a comma, a quote or a newline is in quotes.
const parsed = (csv) => {
  const rows = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\n") rows.push([]);
    if (end === "") break;
  }
  return rows.filter((row) => row.length > 1 || row[0]);
};

const fill = async (section, box) => {
  if (box.firstChild) return;
  const [head, ...rows] = parsed(await unpacked(section.querySelector("script.rows")));
  const table = document.createElement("table");
  const add = (parent, cells, kind) => {
    const line = parent.insertRow();
    for (const text of cells) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      if (/^-?[\d.]+(e[+-]?\d+)?$/.test(text)) cell.className = "n";
      line.append(cell);
    }
  };
  add(table.createTHead(), head, "th");
  const body = table.createTBody();
  for (const row of rows) add(body, row, "td");
  box.append(table);
};

const download = async (section, name) => {
  const csv = await unpacked(section.querySelector("script.rows"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
};

// A link opens the section that it leads to, and whatever its target is folded into.
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
  target.scrollIntoView();
};

const sections = [...document.querySelectorAll("details.section")];
for (const section of sections) {
  section.addEventListener("toggle", () => section.open && draw(section));
  tabs(section);
  const button = section.querySelector("button.csv");
  if (button) button.addEventListener("click", () => download(section, button.dataset.name));
  const all = section.querySelector("details.all");
  if (all) all.addEventListener("toggle", () => all.open && fill(section, all.querySelector(".table")));
}
addEventListener("hashchange", reveal);
reveal();
(async () => {
  for (const section of sections) if (section.open) await draw(section);
})();

// Light or dark: the reader's choice, else the system's.
const root = document.documentElement;
const stored = (theme) => {
  try {
    if (theme) localStorage.setItem("genscope-theme", theme);
    return localStorage.getItem("genscope-theme");
  } catch {
    return null;
  }
};
root.dataset.theme = stored() ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  stored(root.dataset.theme);
});

// The sidebar follows the reader, and its search leaves only sections with the words.
const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
const follow = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) links.get(entry.target.id)?.classList.toggle("on", entry.isIntersecting);
  },
  { rootMargin: "-10% 0px -70% 0px" },
);
document.querySelectorAll("main > [id]").forEach((part) => follow.observe(part));
document.getElementById("search").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.toLowerCase().includes(word));
  for (const section of sections) {
    const found = has(`${section.id.replaceAll("_", " ")} ${section.querySelector("summary").textContent}`);
    section.hidden = !found;
    const link = links.get(section.id);
    if (link) link.hidden = !found;
  }
});
