// The boxes of a part of a timeline, as the server packs them: see analyze/app/timeline_index.py.
import { ask } from "./core.js";

const WINDOW = [
  ["start", Float64Array], ["end", Float64Array], ["ref", Float64Array], ["label", Int32Array],
  ["line", Int32Array], ["count", Uint32Array], ["busy", Float32Array], ["colour", Uint8Array],
];
const HITS = WINDOW.slice(0, 5);

function unpack(buffer, columns) {
  const size = new Uint32Array(buffer, 0, 1)[0];
  const found = { size };
  let at = 8;
  for (const [name, Kind] of columns) {
    found[name] = new Kind(buffer, at, size);
    at += Math.ceil((size * Kind.BYTES_PER_ELEMENT) / 8) * 8;
  }
  return found;
}

// first[line] is the place of a line's first box: boxes are sorted by line, then by start.
function withPlaces(boxes, lineCount) {
  const first = new Int32Array(lineCount + 1);
  let line = 0;
  for (let i = 0; i < boxes.size; i++) while (line <= boxes.line[i]) first[line++] = i;
  while (line <= lineCount) first[line++] = boxes.size;
  return { ...boxes, first };
}

export async function loadWindow(trace, view, lineCount) {
  const answer = await ask("timeline/window", {
    trace, from: Math.floor(view.from), until: Math.ceil(view.until), pixels: Math.ceil(view.pixels),
    first: view.first, last: view.last,
  });
  const boxes = unpack(await answer.arrayBuffer(), WINDOW);
  return { ...withPlaces(boxes, lineCount), view, perPixel: (view.until - view.from) / view.pixels };
}

export async function loadHits(trace, text) {
  const answer = await ask("timeline/search", { trace, text });
  return unpack(await answer.arrayBuffer(), HITS);
}

// Lines that belong together: a lane, a stream, or all depths of a thread.
export function tracksOf(lines) {
  const devices = new Set(lines.map((line) => line.device_id).filter((id) => id !== null));
  const tracks = [];
  for (const line of lines) {
    const last = tracks.at(-1);
    if (last && line.depth > 0 && last.kind === line.kind && last.track === line.track) last.lines.push(line.line);
    else tracks.push({ kind: line.kind, track: line.track, name: nameOf(line, devices.size > 1), lines: [line.line], folded: false });
  }
  const host = tracks.filter((track) => track.lines.length > 1);
  // many threads would push each other off the screen
  if (lines.length > 60) host.forEach((track) => { track.folded = true; });
  return tracks;
}

function nameOf(line, several) {
  const device = line.device_id === -1 ? "host" : `GPU ${line.device_id}`;
  const lane = { component: "component", step: "step", category: "class", attention: "attention" }[line.kind];
  if (lane) return several ? `${lane} · ${device}` : lane;
  if (line.kind === "stream") return line.stream_id < 0 ? `${device} · work` : `${device} · stream ${line.stream_id}`;
  if (line.kind === "copy") return `${device} · copies${line.stream_id < 0 ? "" : `, stream ${line.stream_id}`}`;
  const [, kind, thread] = line.track.match(/^(?:(\w+) )?(.*)$/);
  const what = { operator: "operators", call: "calls" }[line.kind] ?? `${kind ?? "range"}`.replace("_", " ");
  return `${what} · ${thread.replace(" ", "/")}`;
}
