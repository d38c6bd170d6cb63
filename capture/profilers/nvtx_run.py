"""The run inside nsys or ncu: `python -m genscope.capture.profilers.nvtx_run SETTINGS.json FACTS.json`.

The tool must start the process that it measures, so the run has its own process. It warms up, then asks the tool to record one
pass, with labels as NVTX ranges and each operator's name and shapes as NVTX texts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from genscope.capture.environment import device_name, device_spec
from genscope.capture.label.sinks import NvtxSink
from genscope.capture.runner import PassResult, Runner, runner, wait_for
from genscope.capture.settings import Settings
from genscope.errors import CaptureError


def main(arguments: Sequence[str]) -> int:
    """Run as the settings file says and write the manifest's facts. A CaptureError goes to stderr, and the exit status is 2."""
    settings = Settings(**json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    try:
        facts = run(settings)
    except CaptureError as error:
        print(error, file=sys.stderr)
        return 2
    Path(arguments[1]).write_text(json.dumps(facts), encoding="utf-8")
    return 0


def run(settings: Settings) -> dict[str, Any]:
    """Warm up, time unlabelled passes (only under nsys: ncu replays kernels), record one labelled pass. Times in ns."""
    ready = runner(settings)
    ready.unlabelled()
    # ncu slows down every pass, recorded or not
    wall = ready.wall_facts() if settings.profiler == "nsys" else {}
    done = recorded(ready)
    return {
        **ready.facts(done),
        "device_name": device_name(ready.device),
        "device": device_spec(ready.device),
        **wall,
    }


def recorded(ready: Runner) -> PassResult:
    """One labelled pass between the calls that start and stop the tool."""
    with torch.autograd.profiler.emit_nvtx(record_shapes=True):  # type: ignore[no-untyped-call]
        torch.cuda.profiler.start()  # type: ignore[no-untyped-call]
        done = ready.labelled(NvtxSink())
        wait_for(ready.device)
        torch.cuda.profiler.stop()  # type: ignore[no-untyped-call]
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
