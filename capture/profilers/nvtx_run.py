"""The run that an NVIDIA tool watches: `python -m genscope.capture.profilers.nvtx_run SETTINGS.json FACTS.json` under nsys or ncu.

The tool must start the process that it measures, so the run is a process of its own. It warms up first and asks the tool
to record one pass only, with labels as NVTX ranges and every operator's name and shapes as NVTX texts.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from genscope.capture.environment import device_name, device_spec
from genscope.capture.label.labels import NvtxSink
from genscope.capture.passes import Pass, Prepared, prepared
from genscope.capture.settings import Settings
from genscope.errors import CaptureError

WALL_REPEATS = 3


def main(arguments: Sequence[str]) -> int:
    """Run as the settings file says and write the manifest's facts; 2, and a line on stderr, if it can't be done."""
    settings = Settings(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    try:
        facts = run(settings)
    except CaptureError as error:
        print(error, file=sys.stderr)
        return 2
    Path(arguments[1]).write_text(json.dumps(facts), encoding="utf-8")
    return 0


def run(settings: Settings) -> dict[str, Any]:
    """Warm up, time unlabelled passes unless each kernel is replayed, record one labelled pass. Times in ns."""
    ready = prepared(settings)
    ready.unlabelled()
    # ncu slows every pass down, watched or not
    wall = ready.wall_ns(WALL_REPEATS) if settings.profiler == "nsys" else []
    done = recorded(ready)
    return {
        **ready.facts(done),
        "device_name": device_name(ready.device),
        "device": device_spec(ready.device),
        "wall_ns": round(statistics.median(wall)) if wall else None,
        "wall_ns_repeats": wall,
    }


def recorded(ready: Prepared) -> Pass:
    """One labelled pass between the calls that start and stop the tool."""
    with torch.autograd.profiler.emit_nvtx(record_shapes=True):  # type: ignore[no-untyped-call]
        torch.cuda.profiler.start()  # type: ignore[no-untyped-call]
        done = ready.labelled(NvtxSink())
        ready.wait()
        torch.cuda.profiler.stop()  # type: ignore[no-untyped-call]
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
