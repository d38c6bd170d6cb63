"""Make the example that ships with the package: two captured runs, thinned to 46 kB together.

`make example` captures a tiny Stable Diffusion on one CPU thread and calls `python docs/example.py CAPTURED genscope/example`.
The time of a removed operator goes to its parent; the few removed operators without a parent lose theirs, 0.05 % of the whole.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from pathlib import Path
from typing import Any

# operators that compute nothing: views, allocations, and the layers between a convolution and its kernel
FOLDED = {
    "_convolution", "_local_scalar_dense", "_nnpack_available", "_reshape_alias", "_unsafe_view", "as_strided",
    "as_strided_", "chunk", "contiguous", "convolution", "detach", "empty", "empty_like", "empty_strided",
    "expand", "narrow", "permute", "resize_", "resolve_conj", "resolve_neg", "reshape", "result_type", "select",
    "slice", "split", "squeeze", "t", "transpose", "unbind", "unsqueeze", "view",
}  # fmt: skip
# arguments that no analysis of these runs needs
DROPPED = ("Ev Idx", "External id", "Fwd thread id", "Input Strides", "Record function id")
NOTE = (
    "thinned by docs/example.py: without views, allocations, dispatch operators and memory events; an operator that is "
    "left out gives its time to the one around it"
)


def thin(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace without the events and arguments that an example doesn't need. Times stay as they are."""
    kept = [
        _event(event)
        for event in trace["traceEvents"]
        if event.get("cat") != "cpu_instant_event"
        and event["name"].removeprefix("aten::") not in FOLDED
    ]
    head = {key: trace[key] for key in trace if key not in {"host_name", "traceName"}}
    return {**head, "traceEvents": kept}


def _event(event: dict[str, Any]) -> dict[str, Any]:
    """The event with equal texts first and times last, because that compresses best."""
    args = {key: value for key, value in event.get("args", {}).items() if key not in DROPPED}
    times = {key: event[key] for key in ("dur", "ts") if key in event}
    rest = {key: value for key, value in event.items() if key not in {"args", "dur", "ts"}}
    return {**rest, **({"args": args} if args else {}), **times}


def packed(trace: dict[str, Any]) -> bytes:
    """The gzip file of a trace; the same trace gives the same bytes."""
    text = json.dumps(trace, separators=(",", ":")).encode()
    pack = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FILTERED)
    return pack.compress(text) + pack.flush()


def main(captured: Path, out: Path) -> None:
    """Thin every run folder of `captured` into `out`."""
    for run in sorted(captured.iterdir()):
        folder = out / run.name
        folder.mkdir(parents=True, exist_ok=True)
        with gzip.open(run / "trace.json.gz") as file:
            pack = packed(thin(json.load(file)))
        (folder / "trace.json.gz").write_bytes(pack)
        card = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        card["assumptions"].append(NOTE)
        text = json.dumps(card, indent=1) + "\n"
        (folder / "manifest.json").write_text(text, encoding="utf-8")
        print(f"{folder}: {len(pack):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
