// A field for SQL: colours behind the text, and completion from the catalogue.
import { make } from "./core.js";

const WORDS = `select from where group by order having limit offset join left right full inner outer cross on using
 as with recursive union all distinct case when then else end and or not in is null like ilike between exists over
 partition rows range filter asc desc nulls first last cast sum count min max avg median quantile_cont arg_max
 arg_min any_value string_agg list unnest round coalesce greatest least describe summarize explain qualify
 values interval semi anti asof`.split(/\s+/);
const KNOWN = new Set(WORDS);
const TOKEN = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?)|(\d[\d_.]*(?:e[+-]?\d+)?)|([A-Za-z_]\w*)|([\s\S])/gi;
const MOST = 12;

function coloured(text, relations) {
  const parts = [];
  for (const [whole, comment, string, , digits, word] of text.matchAll(TOKEN)) {
    const kind = comment ? "comment" : string ? "string" : digits ? "digits" : word && KNOWN.has(word.toLowerCase()) ? "word" : word && relations.has(word) ? "relation" : null;
    if (kind) parts.push(make("span", { class: kind }, whole));
    else parts.push(whole);
  }
  // a last line break would otherwise have no line
  parts.push("\n");
  return parts;
}

export class Editor {
  // `relations`: name to {name, columns}; `run` is called by Ctrl-Enter.
  constructor(element, { relations, run, value = "" }) {
    Object.assign(this, { relations, run, found: [], chosen: 0 });
    this.field = make("textarea", { spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": "SQL", rows: 6 });
    this.behind = make("pre", { "aria-hidden": "true" });
    this.list = make("ul", { class: "completions", hidden: "", role: "listbox" });
    element.append(make("div", { class: "editor" }, this.behind, this.field), this.list);
    this.element = element;
    this.field.addEventListener("input", () => { this.paint(); this.complete(); });
    this.field.addEventListener("scroll", () => { this.behind.scrollTop = this.field.scrollTop; this.behind.scrollLeft = this.field.scrollLeft; });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => setTimeout(() => { this.list.hidden = true; }, 150));
    this.value = value;
  }

  get value() { return this.field.value; }
  set value(text) {
    this.field.value = text;
    this.list.hidden = true;
    this.paint();
  }

  paint() { this.behind.replaceChildren(...coloured(this.field.value, this.relations)); }

  insert(text) {
    const { selectionStart: from, selectionEnd: to } = this.field;
    this.field.setRangeText(text, from, to, "end");
    this.field.focus();
    this.paint();
  }

  // What may follow: columns after a relation's alias, else relations, columns of those named, and words.
  candidates(before, prefix) {
    const text = this.field.value;
    const named = [...text.matchAll(/\b(?:from|join|,)\s+([A-Za-z_]\w*)(?:\s*\([^)]*\))?(?:\s+(?:as\s+)?([A-Za-z_]\w*))?/gi)]
      .map(([, name, alias]) => ({ relation: this.relations.get(name), alias: alias && !KNOWN.has(alias.toLowerCase()) ? alias : name }))
      .filter(({ relation }) => relation);
    const owner = before.match(/([A-Za-z_]\w*)\.$/)?.[1];
    const columns = (relation) => relation.columns.map(([name, note]) => ({ name, note, kind: "column" }));
    if (owner) return named.filter(({ alias }) => alias === owner).flatMap(({ relation }) => columns(relation));
    const after = /\b(from|join)\s+$/i.test(before);
    const relations = [...this.relations.values()].map(({ name, sentence }) => ({ name, note: sentence, kind: "relation" }));
    if (after) return relations;
    const words = prefix.length > 1 ? WORDS.map((name) => ({ name, note: "", kind: "word" })) : [];
    return [...named.flatMap(({ relation }) => columns(relation)), ...relations, ...words];
  }

  complete(always = false) {
    const before = this.field.value.slice(0, this.field.selectionStart);
    const prefix = before.match(/[A-Za-z_]\w*$/)?.[0] ?? "";
    const start = before.slice(0, before.length - prefix.length);
    if (!always && !prefix && !/\.$/.test(before)) return this.hide();
    const wanted = prefix.toLowerCase();
    const fits = new Map();
    for (const one of this.candidates(start, prefix)) {
      if (one.name.toLowerCase().includes(wanted) && one.name.toLowerCase() !== wanted && !fits.has(one.name)) fits.set(one.name, one);
    }
    const starts = (one) => Number(!one.name.toLowerCase().startsWith(wanted));
    this.found = [...fits.values()].sort((a, b) => starts(a) - starts(b)).slice(0, MOST);
    this.chosen = 0;
    if (!this.found.length) return this.hide();
    this.prefix = prefix;
    this.show(before);
    return undefined;
  }

  hide() {
    this.list.hidden = true;
    this.found = [];
  }

  show(before) {
    this.list.replaceChildren(...this.found.map((one, place) =>
      make("li", { class: place === this.chosen ? "chosen" : null, role: "option", onmousedown: (event) => { event.preventDefault(); this.take(place); } },
        make("b", {}, one.name), make("small", {}, ` ${one.note || one.kind}`))));
    const lines = before.split("\n");
    this.list.style.left = `${Math.min(10 + (lines.at(-1).length - this.prefix.length) * 7.83, this.field.clientWidth - 300)}px`;
    this.list.style.top = `${10 + lines.length * 19.5 - this.field.scrollTop}px`;
    this.list.hidden = false;
  }

  take(place) {
    const end = this.field.selectionStart;
    this.field.setRangeText(this.found[place].name, end - this.prefix.length, end, "end");
    this.hide();
    this.paint();
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.hide();
      return this.run();
    }
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      return this.complete(true);
    }
    if (this.list.hidden) return undefined;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      this.chosen = (this.chosen + by + this.found.length) % this.found.length;
      this.list.querySelectorAll("li").forEach((line, place) => line.classList.toggle("chosen", place === this.chosen));
    } else if (event.key === "Tab" || event.key === "Enter") {
      event.preventDefault();
      this.take(this.chosen);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.hide();
    }
    return undefined;
  }
}
