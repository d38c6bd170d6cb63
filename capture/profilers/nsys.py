"""A real run under Nsight Systems: trace.sqlite with kernels, calls, labels and operators as NVTX ranges."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from genscope.capture.label.proof import attention_seen
from genscope.capture.profilers import nvidia_tool
from genscope.capture.settings import Settings

FILE = "trace.sqlite"
OPTIONS = (
    "--trace=cuda,nvtx",
    "--sample=none",
    "--cpuctxsw=none",
    # the default, 'graph', leaves out the kernels of CUDA graphs
    "--cuda-graph-trace=node",
    # the run starts and stops the recording around its labelled pass
    "--capture-range=cudaProfilerApi",
    "--capture-range-end=stop",
    "--force-overwrite=true",
)


def record(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write trace.sqlite and return the facts of the manifest. Times in ns.

    Raises CaptureError if nsys or a GPU is missing, or if the run fails.
    """
    nsys = nvidia_tool.found("nsys", settings)
    with tempfile.TemporaryDirectory(prefix="genscope-nsys-") as name:
        scratch = Path(name)
        command = [nsys, "profile", *OPTIONS, f"--output={scratch / 'run'}"]
        facts = nvidia_tool.watched(command, settings, scratch)
        export = ["--type=sqlite", "--force-overwrite=true", f"--output={folder / FILE}"]
        nvidia_tool.called([nsys, "export", *export, str(scratch / "run.nsys-rep")])
    return {**facts, "attention_seen": attention_seen(ranges(folder / FILE))}


def ranges(path: Path) -> Iterator[dict[str, Any]]:
    """The NVTX ranges of an export as events of a Chrome trace; operators lose the fields after their names."""
    query = (
        'SELECT start, "end" - start, globalTid, coalesce(StringIds.value, text) FROM NVTX_EVENTS '
        'LEFT JOIN StringIds ON id = textId WHERE "end" IS NOT NULL AND eventType IN (59, 70)'
    )
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        for start, duration, thread, text in con.execute(query):
            name = str(text).partition(", op_id = ")[0].partition(", seq = ")[0]
            row = {"ph": "X", "cat": "cpu_op", "tid": thread, "ts": start, "dur": duration}
            yield {**row, "name": name}
