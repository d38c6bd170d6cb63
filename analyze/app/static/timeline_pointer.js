// What the pointer and the wheel do to a timeline's view.
import { duration } from "./core.js";
import { MINIMAP, NAMES, PIN, ROW } from "./timeline_paint.js";

export function listen(view) {
  const { canvas } = view;
  canvas.addEventListener("wheel", (event) => wheel(view, event), { passive: false });
  canvas.addEventListener("pointerdown", (event) => press(view, event));
  canvas.addEventListener("pointermove", (event) => move(view, event));
  canvas.addEventListener("pointerup", (event) => release(view, event));
  canvas.addEventListener("pointerleave", () => { view.tip.hidden = true; view.pointer = null; });
  canvas.addEventListener("dblclick", (event) => {
    const i = view.at(event.offsetX, event.offsetY);
    if (i >= 0) view.go(view.boxes.start[i] - (view.boxes.end[i] - view.boxes.start[i]) * 0.1, view.boxes.end[i] + (view.boxes.end[i] - view.boxes.start[i]) * 0.1);
  });
  canvas.addEventListener("blur", () => view.keys.clear());
}

function wheel(view, event) {
  event.preventDefault();
  const { offsetX: x } = event;
  if (event.altKey || x < NAMES) return view.scrollTo(view.scroll + Math.sign(event.deltaY) * 3);
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    const by = ((event.deltaX || event.deltaY) / view.plot) * (view.until - view.from);
    return view.go(view.from + by, view.until + by);
  }
  return view.zoom(Math.exp(event.deltaY * 0.0016), view.time(x));
}

function press(view, event) {
  const { offsetX: x, offsetY: y } = event;
  view.canvas.focus({ preventScroll: true });
  view.canvas.setPointerCapture(event.pointerId);
  const kind = y < MINIMAP ? "minimap" : event.shiftKey ? "range" : "pan";
  view.drag = { kind, x, y, from: view.from, until: view.until, scroll: view.scroll, time: view.time(x), far: false };
  if (kind === "minimap") jump(view, x);
}

function jump(view, x) {
  const half = (view.until - view.from) / 2;
  const at = ((x - NAMES) / view.plot) * view.span;
  view.go(at - half, at + half);
}

function move(view, event) {
  const { offsetX: x, offsetY: y } = event;
  view.pointer = { x, y };
  const { drag } = view;
  if (!drag) return point(view, x, y);
  view.tip.hidden = true;
  drag.far ||= Math.hypot(x - drag.x, y - drag.y) > 3;
  if (!drag.far) return undefined;
  if (drag.kind === "minimap") return jump(view, x);
  if (drag.kind === "range") return view.setRange([drag.time, view.time(x)].sort((a, b) => a - b));
  const by = ((drag.x - x) / view.plot) * (drag.until - drag.from);
  view.scrollTo(drag.scroll + (drag.y - y) / ROW);
  return view.go(drag.from + by, drag.until + by);
}

function release(view, event) {
  const { drag } = view;
  view.drag = null;
  if (!drag) return;
  if (drag.kind === "range" && drag.far) view.ranged(view.range, view);
  if (drag.far || drag.kind !== "pan") return;
  if (event.offsetX < NAMES - PIN) fold(view, event.offsetY);
  else if (event.offsetX < NAMES) pin(view, event.offsetY);
  else click(view, event.offsetX, event.offsetY);
}

function click(view, x, y) {
  const i = view.at(x, y);
  if (i < 0) return view.picked(null, view);
  const slice = view.slice(i);
  // several slices in one pixel: look closer
  if (slice.count > 1) {
    const size = Math.max(slice.end - slice.start, 50);
    return view.go(slice.start - size, slice.end + size);
  }
  view.select(slice);
  return view.picked(slice, view);
}

function fold(view, y) {
  const row = view.rows[view.placeAt(y)];
  if (!row || row.track.lines.length < 2 || row.track.kind === "counter") return;
  row.track.folded = !row.track.folded;
  view.layOut();
  view.scrollTo(view.scroll);
}

// Keeps a track in sight at the top, or lets it go back to its place.
function pin(view, y) {
  const row = y < view.top ? undefined : view.rows[view.placeAt(y)];
  if (!row) return;
  row.track.pinned = !row.track.pinned;
  view.layOut();
  view.scrollTo(view.scroll);
}

function point(view, x, y) {
  const i = view.at(x, y);
  view.canvas.style.cursor = i >= 0 ? "pointer" : "default";
  if (i !== view.hover) {
    view.hover = i;
    view.redraw();
  }
  view.tip.hidden = i < 0;
  if (i < 0) return;
  const slice = view.slice(i);
  view.tip.textContent = slice.count > 1
    ? `${slice.count.toLocaleString()} slices, ${duration(slice.end - slice.start)}\nclick to look closer`
    : `${slice.name}\n${duration(slice.end - slice.start)} at ${duration(slice.start - view.zero)}`;
  view.tip.style.left = `${Math.min(x + 14, view.width - 320)}px`;
  view.tip.style.top = `${y + 18 + 60 > view.height ? y - 50 : y + 18}px`;
}
