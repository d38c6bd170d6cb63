"""Start a run under one of NVIDIA's tools, nsys or ncu, and return what the run found out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genscope.capture.settings import Settings
from genscope.errors import CaptureError

_WHERE = {
    "nsys": "Nsight Systems, https://developer.nvidia.com/nsight-systems",
    "ncu": "Nsight Compute, https://developer.nvidia.com/nsight-compute",
}
_HINTS = (
    (
        "ERR_NVGPUCTRPERM",
        "the driver lets only administrators read counters; run as root, in a container with CAP_SYS_ADMIN, or load the "
        "driver with NVreg_RestrictProfilingToAdminUsers=0",
    ),
)


def found(tool: str, settings: Settings) -> str:
    """Path of the tool. Raises CaptureError if it isn't on PATH, or if the run doesn't use a GPU."""
    if not str(settings.device).startswith("cuda"):
        raise CaptureError(
            f"{tool} records CUDA devices only, and this run uses {settings.device}; add --device cuda, or use "
            "--profiler torch."
        )
    path = shutil.which(tool)
    if path is None:
        raise CaptureError(
            f"{tool} isn't on PATH; install {_WHERE[tool]} and add it to PATH, or use --profiler torch."
        )
    return path


def watched(
    command: Sequence[str], settings: Settings, scratch: Path, *, log: Path | None = None
) -> dict[str, Any]:
    """Run `command`, which starts the labelled run, and return the run's facts.

    `scratch` holds the files that go to and come from the run. `log` is the file in which the tool writes instead of stderr.
    Raises CaptureError with the last line that the run or the tool wrote.
    """
    asked, facts = scratch / "settings.json", scratch / "facts.json"
    asked.write_text(json.dumps(asdict(settings)), encoding="utf-8")
    run = [sys.executable, "-m", "genscope.capture.profilers.nvtx_run", str(asked), str(facts)]
    called([*command, *run], log=log)
    if not facts.exists():
        raise CaptureError(
            f"{Path(command[0]).name} ended, but the run under it didn't finish; try --profiler torch to see why."
        )
    read: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return read


def called(command: Sequence[str], *, log: Path | None = None) -> None:
    """Run a tool. If it fails, raises CaptureError with the last line of its log or of stderr."""
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    written = log.read_text(encoding="utf-8", errors="replace") if log and log.exists() else ""
    said = [line.strip() for line in (written + done.stderr).splitlines() if line.strip()]
    name = f"{Path(command[0]).name} {command[1]}"
    for mark, advice in _HINTS:
        if any(mark in line for line in said):
            raise CaptureError(f"{name} failed with {mark}: {advice}.")
    raise CaptureError(f"{name} failed: {(said or [f'exit status {done.returncode}'])[-1][:300]}")
