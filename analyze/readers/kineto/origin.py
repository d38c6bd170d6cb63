"""Refuse Chrome JSON without events of the PyTorch profiler, and say which program it looks like.

Many programs write this format. Arrows alone prove nothing, and other programs also write some of the
categories ('Kernel', 'Runtime'): those count only if nothing points to another program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from genscope.analyze.readers.kineto.read import KinetoFile
from genscope.errors import UserError

# categories that other programs write too
_COMMON = frozenset(
    {
        *("kernel", "Kernel", "Memcpy", "Memset", "Runtime", "Operator", "Trace", "overhead"),
        *("async", "collective_comm", "hardware_counters"),
    }
)
_SHOWN = 3


@dataclass(frozen=True)
class _Writer:
    """A program and the signs of its files: categories, top-level keys, arguments, process names."""

    name: str
    categories: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    arguments: frozenset[str] = frozenset()
    process_parts: tuple[str, ...] = ()


_WRITERS = (
    _Writer(
        "ROCm's rocprof",
        frozenset({"DataFlow"}),
        frozenset({"rocprofiler-sdk-json-tool"}),
        frozenset({"BeginNs", "begin_ns", "DurationNs", "delta_ns"}),
        ("HIP API", "HSA API", "Markers and Ranges"),
    ),
    _Writer(
        "a browser's chrome://tracing",
        frozenset({"__metadata", "toplevel", "devtools.timeline", "v8", "blink", "ipc", "cc"}),
        arguments=frozenset({"src_func"}),
        process_parts=("CrBrowserMain", "CrRendererMain", "Renderer"),
    ),
    _Writer("TensorFlow or JAX", process_parts=("/device:", "/host:")),
    _Writer("ONNX Runtime", frozenset({"Session", "Node"})),
    _Writer("VizTracer", frozenset({"FEE"}), frozenset({"viztracer_metadata"})),
    _Writer("Clang's -ftime-trace", keys=frozenset({"beginningOfTime"})),
    _Writer("Bazel", frozenset({"build phase marker", "action processing"})),
    _Writer("ROCm's or LLVM's OpenMP tracing", frozenset({"openmp"})),
    _Writer("Perfetto", keys=frozenset({"systemTraceEvents", "androidProcessDump"})),
)


def refuse_others(con: duckdb.DuckDBPyConnection, path: Path, found: KinetoFile) -> None:
    """Raise UserError unless an event comes from the PyTorch profiler; `con` holds kineto_text."""
    texts = con.table("kineto_text")
    # only PyTorch writes Python frames, even if they were counted and not read
    if found.unread["python"]:
        return
    roles = texts.filter("role <> 'flow' AND cat IS NOT NULL").project("cat").distinct()
    own = {str(row[0]) for row in roles.fetchall()}
    pids = {str(row[0]).lower() for row in texts.project("pid").distinct().fetchall()}
    if not own and any(pid.endswith(" functions") for pid in pids):
        raise UserError(
            f"{path}: PyTorch's old autograd profiler wrote this file, so its events have no category, "
            "device or launch; record again with torch.profiler.profile and load what its "
            "export_chrome_trace writes"
        )
    writer = next(_looks(texts, found), None)
    if own - _COMMON or (own and writer is None):
        return
    raise UserError(
        f"{path}: no event in this file is from the PyTorch profiler, because {_said(texts, found, writer)}; "
        "record with torch.profiler.profile and load what its export_chrome_trace writes"
    )


def _looks(texts: duckdb.DuckDBPyRelation, found: KinetoFile) -> Iterator[str]:
    """The programs that may have written the file."""
    categories = {
        part.strip()
        for row in texts.filter("cat IS NOT NULL").project("cat").distinct().fetchall()
        for part in str(row[0])[:200].split(",")
    }
    labels = texts.filter("process_label IS NOT NULL").project("process_label").distinct()
    processes = " ".join(str(row[0])[:200] for row in labels.fetchall())
    for writer in _WRITERS:
        if (
            categories & writer.categories
            or found.keys.keys() & writer.keys
            or found.arguments.keys() & writer.arguments
            or any(part in processes for part in writer.process_parts)
        ):
            yield writer.name


def _said(texts: duckdb.DuckDBPyRelation, found: KinetoFile, writer: str | None) -> str:
    if writer is not None:
        return f"it looks like a trace of {writer}"
    known = texts.filter("cat IS NOT NULL").project("cat").distinct().order("cat")
    some = ", ".join(repr(str(row[0])[:40]) for row in known.limit(_SHOWN).fetchall())
    if some:
        return f"its categories ({some}) are those of another program"
    if texts.limit(1).fetchall():
        return "its events have no category"
    if found.fault_counts["no_timestamp"]:
        return "the times of its events are missing or out of range"
    return "it only holds arrows" if found.unread.total() else "it holds no events"
