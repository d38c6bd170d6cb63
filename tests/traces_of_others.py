"""Traces that others made: each is built once for all tests and all workers that look at it.

To read such a trace and to attribute its time takes seconds, and four files of tests look at each.
"""

import csv
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.doctor.examine import NEEDED
from genscope.analyze.load import build
from genscope.analyze.load.trace_file import TraceFile
from tests.effort import part
from tests.made_once import made_once

# several tests look at these on every change
_ALWAYS = (
    *("flux1-fmha-mi300x", "flux1-sage-mi300x", "vit-base-h100", "vllm-moe-tp8-b200"),
    *("cpu-only-rank34", "event-sync-multi-stream-a100", "one-triton-kernel-a100"),
)


def attributed_traces(folder: Path) -> list[Path]:
    """Every trace with kernels, and small ones without; nsys exports of generative models."""
    with (folder / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["file"].endswith(".json.gz")]
    # the MTIA trace is large and has no kernel; eight ranks of one job look alike
    names = [row["file"] for row in rows if int(row["kernels"]) or int(row["events"]) < 50_000]
    names = [name for name in names if "8rank" not in name or "rank0" in name]
    return [folder / name for name in names] + sorted(folder.glob("nsys/fastvideo*.sqlite"))


@cache
def tried(folder: Path, of: int = 3) -> frozenset[Path]:
    """Each `of`-th trace by size, others after each commit: what is slow to check is checked of these."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return frozenset(part(sorted(files, key=lambda path: (path.stat().st_size, path)), of))


@contextmanager
def each_built_once(traces: Path, out: Path) -> Iterator[None]:
    """Meanwhile `build.build_trace` builds a trace of the folder `traces` into `out` the first time only.

    The base tables are the same whether a trace is attributed or not, so those that a test may want
    attributed are.
    """
    build_trace = build.build_trace
    attributed_ones = tried(traces) & {*attributed_traces(traces)}
    attributed_ones |= {traces / f"{name}.json.gz" for name in _ALWAYS}

    def build_once(
        found: TraceFile,
        folder: Path,
        *,
        keep: Collection[str] = (),
        threads: int = 2,
        wanted: Collection[str] | None = None,
        empty: bytes | None = None,
    ) -> build.BuiltTrace:
        if keep or traces not in found.path.parents:
            return build_trace(
                found, folder, keep=keep, threads=threads, wanted=wanted, empty=empty
            )
        name = found.path.relative_to(traces).as_posix().replace("/", "-")
        whole = wanted is None or found.path in attributed_ones
        given = replace(found, trace_id=_trace_id(found.path, traces), digest=name)
        kept = made_once(
            out / f"{name}-{'whole' if whole else 'base'}",
            lambda partial: build_trace(
                given, partial, threads=threads, wanted=None if whole else NEEDED
            ),
        )
        # a copy, as a load may move the database that it was given
        folder.mkdir(parents=True, exist_ok=True)
        return _built(shutil.copyfile(kept / build.DATABASE, folder / build.DATABASE))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build_trace", build_once)
        yield


def _trace_id(path: Path, traces: Path) -> int:
    """A number of its own for each file, so that any of them go into one study."""
    return 1 + sorted(traces.rglob("*")).index(path)


def _built(path: Path) -> build.BuiltTrace:
    with duckdb.connect(str(path), read_only=True) as con:
        return build.BuiltTrace(path, *build.what_was_read(con))
