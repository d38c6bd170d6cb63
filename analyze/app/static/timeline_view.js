// One trace's timeline on a canvas. It draws at once what it has, and asks for finer boxes meanwhile.
import { askJson } from "./core.js";
import { loadWindow, tracksOf } from "./timeline_data.js";
import { AXIS, draw, MINIMAP, NAMES, ROW } from "./timeline_paint.js";
import { listen } from "./timeline_pointer.js";

const MIN_SPAN = 100;

export class TimelineView {
  // `options`: trace, meta (timeline/meta), and the functions picked, ranged and moved; `zero` is the
  // time shown as 0, and `peers` are views that move together.
  constructor(element, options) {
    Object.assign(this, { zero: 0, peers: [], counts: false, picked() {}, ranged() {}, moved() {} }, options);
    this.span = this.meta.span_ns;
    this.from = 0;
    this.until = this.span;
    // some lines may be left out
    this.lineCount = Math.max(...this.meta.lines.map((line) => line.line)) + 1;
    this.byLine = new Map(this.meta.lines.map((line) => [line.line, line]));
    this.tracks = tracksOf(this.meta.lines);
    this.boxes = this.overview = this.selected = this.range = this.arrow = null;
    this.hits = [];
    this.scroll = 0;
    this.hover = -1;
    this.keys = new Set();
    this.times = { draw: [], load: [] };
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.className = "timeline";
    this.canvas.setAttribute("aria-label", `timeline of ${this.meta.name}`);
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    element.append(this.canvas, this.tip);
    this.context = this.canvas.getContext("2d");
    this.layOut();
    listen(this);
    new ResizeObserver(() => this.resize()).observe(element);
    window.addEventListener("themechange", () => this.redraw());
    this.resize();
    this.loadOverview();
    const frame = (now) => { this.frame(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  // --- what is where -------------------------------------------------------------------------------
  // Pinned tracks come first; their rows stay in place when the others scroll.
  layOut() {
    this.rows = [];
    const add = (track) => (track.folded ? track.lines.slice(0, 1) : track.lines).forEach((line, depth) => this.rows.push({ line, track, depth }));
    this.tracks.filter((track) => track.pinned).forEach(add);
    this.fixed = this.rows.length;
    this.tracks.filter((track) => !track.pinned).forEach(add);
    this.rowOf = new Map(this.rows.map((row, place) => [row.line, place]));
  }

  // Counters come after the devices, each two rows high; their lines are numbers below 0.
  addCounters(counters) {
    const known = new Map(this.tracks.filter((track) => track.kind === "counter").map((track) => [track.name, track]));
    for (const { counter, device_id: device, points } of counters) {
      const where = device < 0 ? "host" : `GPU ${device}`;
      const name = `${where} · ${counter === "queue" ? "waiting launches" : counter}`;
      let track = known.get(name);
      if (!track) {
        const line = -1 - 2 * this.tracks.filter((other) => other.kind === "counter").length;
        track = { kind: "counter", counter, name, lines: [line, line - 1], folded: false, largest: 1 };
        const place = this.tracks.findIndex((other) => ["range", "operator", "call"].includes(other.kind));
        this.tracks.splice(place < 0 ? this.tracks.length : place, 0, track);
      }
      track.points = points;
      track.largest = points.reduce((most, point) => Math.max(most, point[1]), track.largest);
    }
    this.layOut();
    this.redraw();
  }

  async loadCounters({ from, until, pixels }) {
    const values = { trace: this.trace, from: Math.floor(from), until: Math.ceil(until), pixels: Math.ceil(pixels) };
    const { counters } = await askJson("timeline/counters", values);
    this.addCounters(counters);
  }

  get plot() { return Math.max(100, this.width - NAMES); }
  get top() { return MINIMAP + AXIS; }
  get shownRows() { return Math.max(1, Math.floor((this.height - this.top) / ROW)); }
  x(time) { return NAMES + ((time - this.from) / (this.until - this.from)) * this.plot; }
  time(x) { return this.from + ((x - NAMES) / this.plot) * (this.until - this.from); }
  y(place) { return this.top + (place < this.fixed ? place : place - this.scroll) * ROW; }

  // The row at a height.
  placeAt(y) {
    const at = Math.floor((y - this.top) / ROW);
    return at < this.fixed ? at : at + this.scroll;
  }

  // The places of the rows on the screen: the pinned ones, and those that are scrolled to.
  places() {
    const [first, last] = [this.fixed + this.scroll, Math.min(this.rows.length, this.scroll + this.shownRows + 1)];
    return [...this.rows.keys()].filter((place) => place < this.fixed || (place >= first && place < last));
  }

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    if (!box.width || !box.height) return;
    [this.width, this.height] = [box.width, box.height];
    this.canvas.width = Math.round(box.width * devicePixelRatio);
    this.canvas.height = Math.round(box.height * devicePixelRatio);
    this.canvas.style.cssText = `width:${box.width}px;height:${box.height}px`;
    this.scrollTo(this.scroll);
    this.redraw();
    this.ask();
  }

  // --- moving --------------------------------------------------------------------------------------
  go(from, until, fromPeer = false) {
    // as much as the longest peer has: a shorter one is empty where another one has something
    const most = Math.max(this.span, ...this.peers.map((peer) => peer.span)) * 1.5;
    const size = Math.min(Math.max(until - from, MIN_SPAN), most);
    const margin = this.peers.length ? most : size * 0.2;
    this.from = Math.max(-margin, Math.min(from, this.span + margin - size));
    this.until = this.from + size;
    if (!fromPeer) {
      for (const peer of this.peers) {
        if (peer !== this) peer.go(this.from - this.zero + peer.zero, this.until - this.zero + peer.zero, true);
      }
      this.moved(this);
    }
    this.redraw();
    this.ask();
  }

  zoom(factor, at) {
    this.go(at - (at - this.from) * factor, at + (this.until - at) * factor);
  }

  scrollTo(row) {
    const most = Math.max(0, this.rows.length - this.shownRows);
    this.scroll = Math.max(0, Math.min(most, Math.round(row)));
    this.redraw();
    this.ask();
  }

  // Shows a slice and a little around it.
  reveal(start, end, line) {
    const size = Math.max(end - start, 1);
    if (start < this.from || end > this.until || size < (this.until - this.from) / 200) this.go(start - size * 6, end + size * 6);
    const row = this.rowOf.get(line);
    const hidden = row >= this.fixed && (row < this.fixed + this.scroll || row >= this.scroll + this.shownRows);
    if (hidden) this.scrollTo(row - this.fixed - 2);
  }

  select(slice) {
    this.selected = slice;
    this.arrow = null;
    this.redraw();
  }

  setRange(range) {
    this.range = range;
    this.redraw();
  }

  // --- loading: one request at a time, and of all wishes only the newest ----------------------------
  ask() {
    const [first, last] = this.linesAround(0);
    const wanted = { from: this.from, until: this.until, pixels: this.plot, first, last };
    const [low, high] = [Math.max(0, wanted.from), Math.min(this.span, wanted.until)];
    const has = this.boxes?.view;
    const perPixel = (wanted.until - wanted.from) / wanted.pixels;
    const enough = has && has.from <= low && has.until >= high && has.first <= wanted.first && has.last >= wanted.last
      && this.boxes.perPixel <= Math.max(1, perPixel * 1.5) && this.boxes.perPixel >= perPixel / 8;
    if (enough || high <= low) return;
    this.wish = wanted;
    if (!this.loading) this.load();
  }

  // The first and the last line on the screen and so many rows above and below it, without counters.
  linesAround(more) {
    const [first, last] = [this.fixed + this.scroll - more, this.scroll + this.shownRows + 1 + more];
    const lines = this.rows.filter((row, place) => row.line >= 0 && (place < this.fixed || (place >= first && place < last))).map((row) => row.line);
    return lines.length ? [Math.min(...lines), Math.max(...lines)] : [0, 0];
  }

  async load() {
    this.loading = true;
    while (this.wish) {
      const { from, until, pixels } = this.wish;
      this.wish = null;
      const pad = (until - from) / 2;
      // a screen more on both sides
      const [first, last] = this.linesAround(this.shownRows);
      const view = { from: Math.max(0, from - pad), until: Math.min(this.span, until + pad), pixels: 0, first, last };
      view.pixels = (pixels * (view.until - view.from)) / (until - from);
      const began = performance.now();
      try {
        this.boxes = await loadWindow(this.trace, view, this.lineCount);
      } catch {
        break;
      }
      this.times.load.push(performance.now() - began);
      this.hover = -1;
      this.redraw();
    }
    this.loading = false;
    if (this.counts && this.boxes) this.followCounters(this.boxes.view).catch(() => {});
  }

  // Counters come after the boxes, which one waits for; the first time all of them, for their scales.
  async followCounters(view) {
    this.counted ??= this.loadCounters({ from: 0, until: this.span, pixels: 1000 });
    await this.counted;
    if (!this.loading && this.tracks.some((track) => track.kind === "counter")) await this.loadCounters(view);
  }

  async loadOverview() {
    const lines = this.meta.lines.filter((line) => line.kind === "stream").map((line) => line.line);
    if (!lines.length) return;
    const view = { from: 0, until: this.span, pixels: 1000, first: Math.min(...lines), last: Math.max(...lines) };
    this.overview = await loadWindow(this.trace, view, this.lineCount);
    this.streams = lines;
    this.redraw();
  }

  // --- frames --------------------------------------------------------------------------------------
  redraw() { this.dirty = true; }

  frame(now) {
    const seconds = Math.min(now - (this.then ?? now), 50) / 1000;
    this.then = now;
    if (this.keys.size) {
      const size = this.until - this.from;
      const at = this.pointer?.x > NAMES ? this.time(this.pointer.x) : (this.from + this.until) / 2;
      if (this.keys.has("w")) this.zoom(Math.exp(-2 * seconds), at);
      if (this.keys.has("s")) this.zoom(Math.exp(2 * seconds), at);
      if (this.keys.has("a")) this.go(this.from - size * seconds, this.until - size * seconds);
      if (this.keys.has("d")) this.go(this.from + size * seconds, this.until + size * seconds);
    }
    if (this.dirty && this.width) {
      this.dirty = false;
      const began = performance.now();
      draw(this);
      this.times.draw.push(performance.now() - began);
    }
  }

  // --- what is under the pointer ---------------------------------------------------------------------
  // The box at a point: the one under it, else the nearest within three pixels.
  at(x, y) {
    const place = this.placeAt(y);
    const { boxes } = this;
    if (!boxes || x < NAMES || y < this.top || place >= this.rows.length) return -1;
    const { line } = this.rows[place];
    if (line < 0) return -1;
    const time = this.time(x);
    let [best, gap] = [-1, (3 * (this.until - this.from)) / this.plot];
    for (let i = boxes.first[line]; i < boxes.first[line + 1]; i++) {
      if (boxes.start[i] > time + gap) break;
      const distance = Math.max(boxes.start[i] - time, time - boxes.end[i], 0);
      if (distance <= gap) [best, gap] = [i, distance];
    }
    return best;
  }

  slice(i) {
    const { boxes } = this;
    const line = boxes.line[i];
    return {
      line, ref: boxes.ref[i], start: boxes.start[i], end: boxes.end[i], count: boxes.count[i],
      kind: this.byLine.get(line).kind, name: this.meta.labels[boxes.label[i]] ?? "",
    };
  }
}
