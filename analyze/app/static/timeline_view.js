// One trace's timeline on a canvas. It draws at once what it has, and asks for finer boxes meanwhile.
import { askJson, bytes, duration } from "./core.js";
import { loadWindow, tracksOf } from "./timeline_data.js";

const NAMES = 190, ROW = 17, AXIS = 22, MINIMAP = 34;
const MIN_SPAN = 100;
const LANE = 11;
const LANE_COLOURS = ["#3d6fa5", "#4c8c5b", "#7a68a6", "#2b7a86", "#8c6d3f", "#5b7083", "#8a5480", "#6b7d2c"];

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
    this.text = this.meta.colours.map(readable);
    this.laneText = LANE_COLOURS.map(readable);
    this.layOut();
    this.listen();
    new ResizeObserver(() => this.resize()).observe(element);
    window.addEventListener("themechange", () => this.redraw());
    this.resize();
    this.loadOverview();
    if (this.counts) this.loadCounters({ from: 0, until: this.span, pixels: 1000 });
    const frame = (now) => { this.frame(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  }

  // --- what is where -------------------------------------------------------------------------------
  layOut() {
    this.rows = [];
    for (const track of this.tracks) {
      (track.folded ? track.lines.slice(0, 1) : track.lines).forEach((line, depth) => this.rows.push({ line, track, depth }));
    }
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

  drawCounter(track, y) {
    const { context } = this;
    const [low, high] = [y + 2 * ROW - 2, 2 * ROW - 6];
    const at = (value) => low - (value / track.largest) * high;
    context.fillStyle = this.paint.accent;
    context.globalAlpha = 0.35;
    context.beginPath();
    context.moveTo(NAMES, low);
    let last = 0;
    for (const [time, largest, after] of track.points) {
      const x = Math.min(Math.max(this.x(time), NAMES), this.width);
      context.lineTo(x, at(last));
      context.lineTo(x, at(largest));
      context.lineTo(x, at(after));
      last = after;
    }
    context.lineTo(this.width, at(last));
    context.lineTo(this.width, low);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = this.paint.soft;
    const most = track.counter === "memory" ? bytes(track.largest) : `${+track.largest.toPrecision(4)}`;
    context.fillText(`at most ${most}`, NAMES + 5, y + 8);
  }

  get plot() { return Math.max(100, this.width - NAMES); }
  get top() { return MINIMAP + AXIS; }
  get shownRows() { return Math.max(1, Math.floor((this.height - this.top) / ROW)); }
  x(time) { return NAMES + ((time - this.from) / (this.until - this.from)) * this.plot; }
  time(x) { return this.from + ((x - NAMES) / this.plot) * (this.until - this.from); }
  y(place) { return this.top + (place - this.scroll) * ROW; }

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
    const size = Math.min(Math.max(until - from, MIN_SPAN), this.span * 1.5);
    const margin = this.peers.length ? this.span : size * 0.2;
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
    if (row !== undefined && (row < this.scroll || row >= this.scroll + this.shownRows)) this.scrollTo(row - 2);
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
    const [first, last] = this.linesOf(this.scroll, this.scroll + this.shownRows + 1);
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

  // The first and the last line of some rows, without counters.
  linesOf(from, until) {
    const lines = this.rows.slice(Math.max(0, from), Math.max(1, until)).map((row) => row.line).filter((line) => line >= 0);
    return lines.length ? [lines[0], lines.at(-1)] : [0, 0];
  }

  async load() {
    this.loading = true;
    while (this.wish) {
      const { from, until, pixels } = this.wish;
      this.wish = null;
      const pad = (until - from) / 2;
      const view = {
        from: Math.max(0, from - pad), until: Math.min(this.span, until + pad), pixels: 0,
        // a screen more on both sides
        ...Object.fromEntries(this.linesOf(this.scroll - this.shownRows, this.scroll + 2 * this.shownRows).map((line, at) => [["first", "last"][at], line])),
      };
      view.pixels = (pixels * (view.until - view.from)) / (until - from);
      const began = performance.now();
      try {
        this.boxes = await loadWindow(this.trace, view, this.lineCount);
      } catch {
        break;
      }
      this.times.load.push(performance.now() - began);
      if (this.counts && this.tracks.some((track) => track.kind === "counter")) this.loadCounters(view).catch(() => {});
      this.hover = -1;
      this.redraw();
    }
    this.loading = false;
  }

  async loadOverview() {
    const lines = this.meta.lines.filter((line) => line.kind === "stream").map((line) => line.line);
    if (!lines.length) return;
    const view = { from: 0, until: this.span, pixels: 1000, first: Math.min(...lines), last: Math.max(...lines) };
    this.overview = await loadWindow(this.trace, view, this.lineCount);
    this.streams = lines;
    this.redraw();
  }

  // --- drawing -------------------------------------------------------------------------------------
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
      this.draw();
      this.times.draw.push(performance.now() - began);
    }
  }

  draw() {
    const { context, width, height } = this;
    const style = getComputedStyle(document.documentElement);
    const [ink, soft, line, card, shade, accent] = ["ink", "soft", "line", "card", "shade", "accent"].map((name) => style.getPropertyValue(`--${name}`));
    this.paint = { ink, soft, line, card, shade, accent };
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.fillStyle = card;
    context.fillRect(0, 0, width, height);
    context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    context.textBaseline = "middle";
    this.drawAxis();
    context.save();
    context.beginPath();
    context.rect(NAMES, this.top, this.plot, height - this.top);
    context.clip();
    const last = Math.min(this.rows.length, this.scroll + this.shownRows + 1);
    for (let place = this.scroll; place < last; place++) this.drawRow(place);
    this.drawMarks();
    context.restore();
    this.drawNames(last);
    this.drawMinimap();
  }

  drawAxis() {
    const { context, paint } = this;
    const step = niceStep((this.until - this.from) / Math.max(2, this.plot / 110));
    context.fillStyle = paint.soft;
    for (let t = Math.ceil((this.from - this.zero) / step) * step; t + this.zero <= this.until; t += step) {
      const x = Math.round(this.x(t + this.zero));
      if (x < NAMES) continue;
      context.fillText(axisText(t, step), x + 4, MINIMAP + AXIS / 2);
      context.globalAlpha = 0.25;
      context.fillRect(x, MINIMAP + 4, 1, this.height);
      context.globalAlpha = 1;
    }
  }

  drawRow(place) {
    const { context, boxes } = this;
    if (!boxes) return;
    const { line, track, depth } = this.rows[place];
    const y = this.y(place) + 1;
    if (track.kind === "counter") {
      if (depth === 0 || place === this.scroll) this.drawCounter(track, y - 1 - depth * ROW);
      return;
    }
    let until = -1;
    for (let i = boxes.first[line]; i < boxes.first[line + 1]; i++) {
      if (boxes.end[i] < this.from) continue;
      if (boxes.start[i] > this.until) break;
      const left = Math.max(this.x(boxes.start[i]), NAMES - 2);
      const size = Math.max(Math.min(this.x(boxes.end[i]), this.width + 2) - left, 1);
      const alone = boxes.count[i] === 1;
      if (left + size < until + 0.5) continue;
      until = left + size;
      const lane = boxes.colour[i] === LANE ? hash(this.meta.labels[boxes.label[i]] ?? "") % LANE_COLOURS.length : -1;
      context.globalAlpha = alone ? 1 : 0.4 + 0.6 * boxes.busy[i];
      context.fillStyle = lane >= 0 ? LANE_COLOURS[lane] : this.meta.colours[boxes.colour[i]];
      context.fillRect(left, y, size > 3 ? size - 1 : size, ROW - 2);
      context.globalAlpha = 1;
      if (size > 30 && boxes.label[i] >= 0) {
        context.fillStyle = lane >= 0 ? this.laneText[lane] : this.text[boxes.colour[i]];
        const shown = Math.max(left, NAMES);
        context.fillText(this.meta.labels[boxes.label[i]].slice(0, Math.floor((left + size - shown - 6) / 6)), shown + 4, y + ROW / 2 - 1);
      }
      if (i === this.hover || this.isSelected(i)) {
        context.strokeStyle = this.paint.ink;
        context.lineWidth = this.isSelected(i) ? 2 : 1;
        context.strokeRect(left + 0.5, y + 0.5, Math.max(size - 2, 1), ROW - 3);
      }
    }
  }

  isSelected(i) {
    return this.selected && this.boxes.count[i] === 1 && this.boxes.ref[i] === this.selected.ref && this.boxes.line[i] === this.selected.line;
  }

  drawMarks() {
    const { context, paint } = this;
    if (this.range) {
      const [left, right] = this.range.map((time) => this.x(time));
      context.fillStyle = paint.accent;
      context.globalAlpha = 0.16;
      context.fillRect(left, this.top, right - left, this.height);
      context.globalAlpha = 0.9;
      context.fillRect(left, this.top, 1, this.height);
      context.fillRect(right, this.top, 1, this.height);
      context.globalAlpha = 1;
    }
    const [from, to] = [this.rowOf.get(this.arrow?.line), this.rowOf.get(this.selected?.line)];
    // a call far off the screen would draw a line through everything
    const near = this.arrow && this.arrow.start >= this.from && this.selected?.start <= this.until;
    if (near && from !== undefined && to !== undefined) {
      const [x0, y0, x1, y1] = [this.x(this.arrow.start), this.y(from) + ROW / 2, this.x(this.selected.start), this.y(to) + ROW / 2];
      context.strokeStyle = paint.ink;
      context.lineWidth = 1.2;
      context.beginPath();
      context.moveTo(x0, y0);
      context.bezierCurveTo(x0 + 30, y0, x1 - 30, y1, x1, y1);
      context.stroke();
    }
  }

  drawNames(last) {
    const { context, paint } = this;
    context.fillStyle = paint.card;
    context.fillRect(0, this.top, NAMES - 1, this.height);
    for (let place = this.scroll; place < last; place++) {
      const { track, depth } = this.rows[place];
      const y = this.y(place);
      if (depth === 0) {
        context.fillStyle = paint.line;
        context.fillRect(0, y, this.width, 1);
      }
      if (depth > 0 && place > this.scroll) continue;
      const many = track.lines.length > 1 && track.kind !== "counter";
      context.fillStyle = paint.soft;
      if (many) context.fillText(track.folded ? "▸" : "▾", 5, y + ROW / 2);
      context.fillStyle = paint.ink;
      context.fillText(cut(track.name, 28), 17, y + ROW / 2);
    }
    context.fillStyle = paint.line;
    context.fillRect(NAMES - 1, 0, 1, this.height);
    const rows = this.rows.length;
    if (rows > this.shownRows) {
      const room = this.height - this.top;
      context.fillStyle = paint.soft;
      context.globalAlpha = 0.5;
      context.fillRect(this.width - 5, this.top + (room * this.scroll) / rows, 4, Math.max(20, (room * this.shownRows) / rows));
      context.globalAlpha = 1;
    }
  }

  drawMinimap() {
    const { context, paint, overview } = this;
    const x = (time) => NAMES + (time / this.span) * this.plot;
    context.fillStyle = paint.shade;
    context.fillRect(NAMES, 3, this.plot, MINIMAP - 6);
    if (overview) {
      const high = (MINIMAP - 8) / this.streams.length;
      this.streams.forEach((line, place) => {
        for (let i = overview.first[line]; i < overview.first[line + 1]; i++) {
          context.globalAlpha = 0.35 + 0.65 * overview.busy[i];
          context.fillStyle = this.meta.colours[overview.colour[i]];
          context.fillRect(x(overview.start[i]), 4 + place * high, Math.max(1, x(overview.end[i]) - x(overview.start[i])), Math.max(1, high - 0.5));
        }
      });
      context.globalAlpha = 1;
    }
    context.fillStyle = paint.ink;
    for (const time of this.hits) context.fillRect(x(time), 1, 1, 4);
    context.strokeStyle = paint.accent;
    context.lineWidth = 2;
    const [left, right] = [x(Math.max(0, this.from)), x(Math.min(this.span, this.until))];
    context.strokeRect(left, 3, Math.max(3, right - left), MINIMAP - 6);
    context.fillStyle = paint.soft;
    const size = duration(this.until - this.from);
    context.fillText(this.until - this.from > this.span ? size : `${size} of ${duration(this.span)}`, 8, MINIMAP / 2);
  }

  // --- pointer and keys ----------------------------------------------------------------------------
  // The box at a point: the one under it, else the nearest within three pixels.
  at(x, y) {
    const place = this.scroll + Math.floor((y - this.top) / ROW);
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

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; this.pointer = null; });
    canvas.addEventListener("dblclick", (event) => {
      const i = this.at(event.offsetX, event.offsetY);
      if (i >= 0) this.go(this.boxes.start[i] - (this.boxes.end[i] - this.boxes.start[i]) * 0.1, this.boxes.end[i] + (this.boxes.end[i] - this.boxes.start[i]) * 0.1);
    });
    canvas.addEventListener("blur", () => this.keys.clear());
  }

  wheel(event) {
    event.preventDefault();
    const { offsetX: x } = event;
    if (event.altKey || x < NAMES) return this.scrollTo(this.scroll + Math.sign(event.deltaY) * 3);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / this.plot) * (this.until - this.from);
      return this.go(this.from + by, this.until + by);
    }
    return this.zoom(Math.exp(event.deltaY * 0.0016), this.time(x));
  }

  press(event) {
    const { offsetX: x, offsetY: y } = event;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const kind = y < MINIMAP ? "minimap" : event.shiftKey ? "range" : "pan";
    this.drag = { kind, x, y, from: this.from, until: this.until, scroll: this.scroll, time: this.time(x), far: false };
    if (kind === "minimap") this.jump(x);
  }

  jump(x) {
    const half = (this.until - this.from) / 2;
    const at = ((x - NAMES) / this.plot) * this.span;
    this.go(at - half, at + half);
  }

  move(event) {
    const { offsetX: x, offsetY: y } = event;
    this.pointer = { x, y };
    const { drag } = this;
    if (!drag) return this.point(x, y);
    this.tip.hidden = true;
    drag.far ||= Math.hypot(x - drag.x, y - drag.y) > 3;
    if (!drag.far) return undefined;
    if (drag.kind === "minimap") return this.jump(x);
    if (drag.kind === "range") return this.setRange([drag.time, this.time(x)].sort((a, b) => a - b));
    const by = ((drag.x - x) / this.plot) * (drag.until - drag.from);
    this.scrollTo(drag.scroll + (drag.y - y) / ROW);
    return this.go(drag.from + by, drag.until + by);
  }

  release(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "range" && drag.far) this.ranged(this.range, this);
    if (drag.far || drag.kind !== "pan") return;
    if (event.offsetX < NAMES) this.fold(event.offsetY);
    else this.click(event.offsetX, event.offsetY);
  }

  click(x, y) {
    const i = this.at(x, y);
    if (i < 0) return this.picked(null, this);
    const slice = this.slice(i);
    // several slices in one pixel: look closer
    if (slice.count > 1) {
      const size = Math.max(slice.end - slice.start, 50);
      return this.go(slice.start - size, slice.end + size);
    }
    this.select(slice);
    return this.picked(slice, this);
  }

  fold(y) {
    const row = this.rows[this.scroll + Math.floor((y - this.top) / ROW)];
    if (!row || row.track.lines.length < 2 || row.track.kind === "counter") return;
    row.track.folded = !row.track.folded;
    this.layOut();
    this.scrollTo(this.scroll);
  }

  point(x, y) {
    const i = this.at(x, y);
    this.canvas.style.cursor = i >= 0 ? "pointer" : "default";
    if (i !== this.hover) {
      this.hover = i;
      this.redraw();
    }
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const slice = this.slice(i);
    this.tip.textContent = slice.count > 1
      ? `${slice.count.toLocaleString()} slices, ${duration(slice.end - slice.start)}\nclick to look closer`
      : `${slice.name}\n${duration(slice.end - slice.start)} at ${duration(slice.start - this.zero)}`;
    this.tip.style.left = `${Math.min(x + 14, this.width - 320)}px`;
    this.tip.style.top = `${y + 18 + 60 > this.height ? y - 50 : y + 18}px`;
  }
}

const niceStep = (least) => {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((head) => head * power >= least);
};

// A time on the axis, with as many digits as neighbours need to differ.
function axisText(ns, step) {
  const [size, unit] = step >= 1e8 ? [1e9, "s"] : step >= 1e5 ? [1e6, "ms"] : step >= 100 ? [1e3, "µs"] : [1, "ns"];
  return `${(ns / size).toFixed(Math.max(0, -Math.floor(Math.log10(step / size) + 1e-9)))} ${unit}`;
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function hash(text) {
  let found = 7;
  for (const char of text) found = (found * 31 + char.codePointAt(0)) >>> 0;
  return found;
}

// Black or white, whichever can be read on a colour.
function readable(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 150 ? "#111" : "#fff";
}
