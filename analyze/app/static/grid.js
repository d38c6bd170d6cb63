// A table of any length: rows are fetched in blocks as one scrolls; sorting and filtering is the server's.
import { make } from "./core.js";

const ROW = 22, BLOCK = 200, TALLEST = 8e6;
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });
// the number of something isn't an amount
const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4, useGrouping: false });
const formatOf = (column) => (/(^|_)id$|^step$|^rank$/.test(column.name) ? plain : number);
// a number that is cut would be a wrong one, and times and sizes are long
const widthOf = (column) => (column.number ? (/^start_ns|^end_ns|_per_s$/.test(column.name) ? 160 : /_ns$|bytes|flops/.test(column.name) ? 125 : 100) : /name|module|path/.test(column.name) ? 260 : 150);

export class Grid {
  // `rows(request)` returns {rows, count} for {offset, limit, sort, filters}; `chosen(row)` is called for a click.
  constructor(element, { columns, count, rows, chosen = () => {} }) {
    Object.assign(this, { columns, count, fetchRows: rows, chosen, sort: null, filters: {}, blocks: new Map(), stamp: 0, picked: -1 });
    this.widths = columns.map((column) => Math.max(widthOf(column), Math.min(240, column.name.length * 7 + 30)));
    this.head = make("div", { class: "grid-head", role: "row" }, ...columns.map((column, place) => this.title(column, place)));
    this.body = make("div", { class: "grid-body" });
    this.scroller = make("div", { class: "grid-scroll", tabindex: 0, role: "grid", "aria-rowcount": count, onscroll: () => this.soon() }, this.head, this.body);
    this.foot = make("div", { class: "grid-foot note" });
    element.replaceChildren(make("div", { class: "grid" }, this.scroller, this.foot));
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(this.scroller);
    this.reset();
  }

  title(column, place) {
    const filter = make("input", {
      placeholder: column.number ? "> < =" : "contains", "aria-label": `filter ${column.name}`,
      oninput: (event) => this.filter(place, event.target.value),
    });
    const sort = make("button", { class: "grid-title", title: `${column.name} ${column.type ?? ""}`, onclick: () => this.order(place) }, column.name);
    return make("div", { class: column.number ? "cell number" : "cell", style: `width:${this.widths[place]}px`, role: "columnheader" }, sort, filter);
  }

  order(place) {
    const [old, down] = this.sort ?? [];
    this.sort = old !== place ? [place, true] : down ? [place, false] : null;
    this.head.querySelectorAll(".grid-title").forEach((title, at) => {
      title.textContent = this.columns[at].name + (this.sort?.[0] === at ? (this.sort[1] ? " ↓" : " ↑") : "");
    });
    this.reset();
  }

  filter(place, text) {
    this.filters[place] = text;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.reset(), 120);
  }

  reset() {
    this.stamp += 1;
    this.blocks.clear();
    this.picked = -1;
    this.scroller.scrollTop = 0;
    this.load(0);
  }

  async load(block) {
    if (this.blocks.has(block)) return;
    this.blocks.set(block, null);
    const [stamp, began] = [this.stamp, performance.now()];
    let found;
    try {
      found = await this.fetchRows({ offset: block * BLOCK, limit: BLOCK, sort: this.sort, filters: this.filters });
    } catch (failure) {
      if (stamp === this.stamp) this.foot.textContent = failure.message;
      return;
    }
    if (stamp !== this.stamp) return;
    this.blocks.set(block, found.rows);
    this.count = found.count;
    this.milliseconds = performance.now() - began;
    this.foot.textContent = `${number.format(this.count)} ${this.count === 1 ? "row" : "rows"} · ${this.milliseconds.toFixed(0)} ms`;
    this.draw();
  }

  soon() {
    if (this.drawing) return;
    this.drawing = requestAnimationFrame(() => { this.drawing = 0; this.draw(); });
  }

  // Browsers limit the height of an element, so a very long table scrolls by more than a row a pixel.
  draw() {
    const full = this.count * ROW;
    const [tall, seen, top] = [Math.min(full, TALLEST), this.scroller.clientHeight - this.head.offsetHeight, this.scroller.scrollTop];
    const scaled = tall < full;
    const shown = Math.ceil(seen / ROW) + 1;
    const first = scaled ? Math.round((top / Math.max(1, tall - seen)) * Math.max(0, this.count - shown + 2)) : Math.floor(top / ROW);
    this.body.style.height = `${tall}px`;
    const lines = [];
    for (let place = first; place < Math.min(this.count, first + shown); place++) {
      const block = Math.floor(place / BLOCK);
      this.load(block);
      const row = this.blocks.get(block)?.[place % BLOCK];
      const y = scaled ? top + (place - first) * ROW : place * ROW;
      lines.push(this.line(place, row, y));
    }
    this.body.replaceChildren(...lines);
  }

  line(place, row, y) {
    const cells = this.columns.map((column, at) => {
      const value = row?.[at];
      const text = row === undefined ? "" : value === null ? "–" : column.number && typeof value === "number" ? formatOf(column).format(value) : String(value);
      return make("div", { class: column.number ? "cell number" : "cell", style: `width:${this.widths[at]}px`, title: text.length > 18 ? text : null, role: "gridcell" }, text);
    });
    return make("div", { class: place === this.picked ? "grid-row picked" : "grid-row", style: `top:${y}px`, "data-place": place, role: "row", "aria-rowindex": place + 1 }, ...cells);
  }

  click(event) {
    const line = event.target.closest(".grid-row");
    if (line) this.pick(Number(line.dataset.place));
  }

  pick(place) {
    if (place < 0 || place >= this.count) return;
    this.picked = place;
    const row = this.blocks.get(Math.floor(place / BLOCK))?.[place % BLOCK];
    if (row) this.chosen(Object.fromEntries(this.columns.map((column, at) => [column.name, row[at]])));
    this.draw();
  }

  key(event) {
    if (event.target !== this.scroller) return;
    const to = { Home: 0, End: this.body.offsetHeight, ArrowDown: null, ArrowUp: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to !== null) this.scroller.scrollTop = to;
    else {
      this.pick(this.picked + (event.key === "ArrowDown" ? 1 : -1));
      if (this.count * ROW <= TALLEST) this.body.querySelector(".picked")?.scrollIntoView({ block: "nearest" });
    }
  }
}
