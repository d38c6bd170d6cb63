// What a timeline looks like: draws the view's boxes, counters, marks, names and minimap on its canvas.
import { bytes, duration } from "./core.js";

export const NAMES = 190, ROW = 17, AXIS = 22, MINIMAP = 34;
// the arrow after a name that pins its track
export const PIN = 16;
const LANE = 11;
const LANE_COLOURS = ["#3d6fa5", "#4c8c5b", "#7a68a6", "#2b7a86", "#8c6d3f", "#5b7083", "#8a5480", "#6b7d2c"];

export function draw(view) {
  const { context, width, height } = view;
  const style = getComputedStyle(document.documentElement);
  const [ink, soft, line, card, shade, accent] = ["ink", "soft", "line", "card", "shade", "accent"].map((name) => style.getPropertyValue(`--${name}`));
  view.paint = { ink, soft, line, card, shade, accent };
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.fillStyle = card;
  context.fillRect(0, 0, width, height);
  context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  context.textBaseline = "middle";
  drawAxis(view);
  context.save();
  context.beginPath();
  context.rect(NAMES, view.top, view.plot, height - view.top);
  context.clip();
  const places = view.places();
  for (const place of places) drawRow(view, place);
  drawMarks(view);
  context.restore();
  drawNames(view, places);
  drawMinimap(view);
}

function drawAxis(view) {
  const { context, paint } = view;
  const step = niceStep((view.until - view.from) / Math.max(2, view.plot / 110));
  context.fillStyle = paint.soft;
  for (let t = Math.ceil((view.from - view.zero) / step) * step; t + view.zero <= view.until; t += step) {
    const x = Math.round(view.x(t + view.zero));
    if (x < NAMES) continue;
    context.fillText(axisText(t, step), x + 4, MINIMAP + AXIS / 2);
    context.globalAlpha = 0.25;
    context.fillRect(x, MINIMAP + 4, 1, view.height);
    context.globalAlpha = 1;
  }
}

function drawRow(view, place) {
  const { context, boxes } = view;
  if (!boxes) return;
  const { line, track, depth } = view.rows[place];
  const y = view.y(place) + 1;
  if (track.kind === "counter") {
    if (depth === 0 || isCutOff(view, place)) drawCounter(view, track, y - 1 - depth * ROW);
    return;
  }
  let until = -1;
  for (let i = boxes.first[line]; i < boxes.first[line + 1]; i++) {
    if (boxes.end[i] < view.from) continue;
    if (boxes.start[i] > view.until) break;
    const left = Math.max(view.x(boxes.start[i]), NAMES - 2);
    const size = Math.max(Math.min(view.x(boxes.end[i]), view.width + 2) - left, 1);
    const alone = boxes.count[i] === 1;
    if (left + size < until + 0.5) continue;
    until = left + size;
    const lane = boxes.colour[i] === LANE ? hash(view.meta.labels[boxes.label[i]] ?? "") % LANE_COLOURS.length : -1;
    context.globalAlpha = alone ? 1 : 0.4 + 0.6 * boxes.busy[i];
    context.fillStyle = lane >= 0 ? LANE_COLOURS[lane] : view.meta.colours[boxes.colour[i]];
    context.fillRect(left, y, size > 3 ? size - 1 : size, ROW - 2);
    context.globalAlpha = 1;
    if (size > 30 && boxes.label[i] >= 0) {
      context.fillStyle = lane >= 0 ? readable(LANE_COLOURS[lane]) : readable(view.meta.colours[boxes.colour[i]]);
      const shown = Math.max(left, NAMES);
      context.fillText(view.meta.labels[boxes.label[i]].slice(0, Math.floor((left + size - shown - 6) / 6)), shown + 4, y + ROW / 2 - 1);
    }
    if (i === view.hover || isSelected(view, i)) {
      context.strokeStyle = view.paint.ink;
      context.lineWidth = isSelected(view, i) ? 2 : 1;
      context.strokeRect(left + 0.5, y + 0.5, Math.max(size - 2, 1), ROW - 3);
    }
  }
}

function drawCounter(view, track, y) {
  const { context } = view;
  const [low, high] = [y + 2 * ROW - 2, 2 * ROW - 6];
  const at = (value) => low - (value / track.largest) * high;
  context.fillStyle = view.paint.accent;
  context.globalAlpha = 0.35;
  context.beginPath();
  context.moveTo(NAMES, low);
  let last = 0;
  for (const [time, largest, after] of track.points) {
    const x = Math.min(Math.max(view.x(time), NAMES), view.width);
    context.lineTo(x, at(last));
    context.lineTo(x, at(largest));
    context.lineTo(x, at(after));
    last = after;
  }
  context.lineTo(view.width, at(last));
  context.lineTo(view.width, low);
  context.fill();
  context.globalAlpha = 1;
  context.fillStyle = view.paint.soft;
  const most = track.counter === "memory" ? bytes(track.largest) : `${+track.largest.toPrecision(4)}`;
  context.fillText(`at most ${most}`, NAMES + 5, y + 8);
}

function isSelected(view, i) {
  return view.selected && view.boxes.count[i] === 1 && view.boxes.ref[i] === view.selected.ref && view.boxes.line[i] === view.selected.line;
}

function drawMarks(view) {
  const { context, paint } = view;
  if (view.range) {
    const [left, right] = view.range.map((time) => view.x(time));
    context.fillStyle = paint.accent;
    context.globalAlpha = 0.16;
    context.fillRect(left, view.top, right - left, view.height);
    context.globalAlpha = 0.9;
    context.fillRect(left, view.top, 1, view.height);
    context.fillRect(right, view.top, 1, view.height);
    context.globalAlpha = 1;
  }
  const [from, to] = [view.rowOf.get(view.arrow?.line), view.rowOf.get(view.selected?.line)];
  // a call far off the screen would draw a line through everything
  const near = view.arrow && view.arrow.start >= view.from && view.selected?.start <= view.until;
  if (near && from !== undefined && to !== undefined) {
    const [x0, y0, x1, y1] = [view.x(view.arrow.start), view.y(from) + ROW / 2, view.x(view.selected.start), view.y(to) + ROW / 2];
    context.strokeStyle = paint.ink;
    context.lineWidth = 1.2;
    context.beginPath();
    context.moveTo(x0, y0);
    context.bezierCurveTo(x0 + 30, y0, x1 - 30, y1, x1, y1);
    context.stroke();
  }
}

// Whether the rows above this one, of the same track, may be scrolled off.
const isCutOff = (view, place) => place === view.fixed + view.scroll;

function drawNames(view, places) {
  const { context, paint } = view;
  context.fillStyle = paint.card;
  context.fillRect(0, view.top, NAMES - 1, view.height);
  for (const place of places) {
    const { track, depth } = view.rows[place];
    const y = view.y(place);
    if (depth === 0) {
      context.fillStyle = paint.line;
      context.fillRect(0, y, view.width, 1);
    }
    if (depth > 0 && !isCutOff(view, place)) continue;
    const many = track.lines.length > 1 && track.kind !== "counter";
    context.fillStyle = paint.soft;
    if (many) context.fillText(track.folded ? "▸" : "▾", 5, y + ROW / 2);
    context.fillStyle = paint.ink;
    context.fillText(cut(track.name, 26), 17, y + ROW / 2);
    context.fillStyle = track.pinned ? paint.accent : paint.soft;
    context.globalAlpha = track.pinned ? 1 : 0.45;
    context.fillText("↥", NAMES - PIN + 2, y + ROW / 2);
    context.globalAlpha = 1;
  }
  context.fillStyle = paint.line;
  context.fillRect(NAMES - 1, 0, 1, view.height);
  const rows = view.rows.length;
  if (rows > view.shownRows) {
    const room = view.height - view.top;
    context.fillStyle = paint.soft;
    context.globalAlpha = 0.5;
    context.fillRect(view.width - 5, view.top + (room * view.scroll) / rows, 4, Math.max(20, (room * view.shownRows) / rows));
    context.globalAlpha = 1;
  }
}

function drawMinimap(view) {
  const { context, paint, overview } = view;
  const x = (time) => NAMES + (time / view.span) * view.plot;
  context.fillStyle = paint.shade;
  context.fillRect(NAMES, 3, view.plot, MINIMAP - 6);
  if (overview) {
    const high = (MINIMAP - 8) / view.streams.length;
    view.streams.forEach((line, place) => {
      for (let i = overview.first[line]; i < overview.first[line + 1]; i++) {
        context.globalAlpha = 0.35 + 0.65 * overview.busy[i];
        context.fillStyle = view.meta.colours[overview.colour[i]];
        context.fillRect(x(overview.start[i]), 4 + place * high, Math.max(1, x(overview.end[i]) - x(overview.start[i])), Math.max(1, high - 0.5));
      }
    });
    context.globalAlpha = 1;
  }
  context.fillStyle = paint.ink;
  for (const time of view.hits) context.fillRect(x(time), 1, 1, 4);
  context.strokeStyle = paint.accent;
  context.lineWidth = 2;
  const [left, right] = [x(Math.max(0, view.from)), x(Math.min(view.span, view.until))];
  context.strokeRect(left, 3, Math.max(3, right - left), MINIMAP - 6);
  context.fillStyle = paint.soft;
  const size = duration(view.until - view.from);
  context.fillText(view.until - view.from > view.span ? size : `${size} of ${duration(view.span)}`, 8, MINIMAP / 2);
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
