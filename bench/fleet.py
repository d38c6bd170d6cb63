"""How fast a lake is filled and asked, by the number of workers and of traces.

    python bench/fleet.py TRACE --traces 50 500 2000 --workers 0 1 2 4
    python bench/fleet.py --render

Copies of the trace, each another rank of one job with eight ranks a host, stand for a fleet. Each cell runs in
a process of its own, which is also Dask's scheduler; 0 workers are that process without Dask. It adds the cell to
bench/fleet.json: wall and CPU seconds, seconds to ask and, of these, to merge, and its memory. `--render` writes
docs/scale.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from genscope.analyze.fleet import question
from genscope.analyze.fleet.ingest import ingest
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.runner import Runner, runner

MEASURED = Path(__file__).with_name("fleet.json")
QUERIES = ("gpu_time", "rank_outlier")
_RANKS_A_HOST = 8


def main() -> None:
    """Measure each combination in a process of its own, measure one, or render what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", nargs="?", type=Path)
    parser.add_argument("--traces", nargs="+", type=int, default=[50])
    parser.add_argument("--workers", nargs="+", type=int, default=[0, 1, 2, 4])
    parser.add_argument("--cell", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--render", action="store_true")
    asked = parser.parse_args()
    if asked.render:
        from bench.scale_page import write_page

        write_page()
    elif asked.cell:
        print(json.dumps(_cell(asked.cell, asked.traces[0], asked.workers[0])))
    else:
        with TemporaryDirectory(prefix="genscope-") as folder:
            _measure(asked.trace, Path(folder), asked)


def _measure(trace: Path, folder: Path, asked: argparse.Namespace) -> None:
    for count in asked.traces:
        size = copies(trace, folder / f"{count}", count)
        for workers in asked.workers:
            _add(_measured(folder / f"{count}", count, workers) | {"bytes": size})
        shutil.rmtree(folder / f"{count}")


def _add(cell: dict[str, Any]) -> None:
    """Add a cell to the measured ones, in place of an older one of the same size."""
    found = json.loads(MEASURED.read_text()) if MEASURED.exists() else {"cells": []}
    key = ("traces", "workers")
    others = [old for old in found["cells"] if any(old[k] != cell[k] for k in key)]
    MEASURED.write_text(json.dumps({"cells": [*others, cell]}, indent=1) + "\n")
    print(json.dumps(cell), flush=True)


def copies(trace: Path, folder: Path, count: int) -> int:
    """Write `count` ranks of one job in `folder`/traces and return the bytes of their JSON."""
    (folder / "traces").mkdir(parents=True)
    document = json.loads(gzip.decompress(trace.read_bytes()))
    total = 0
    for rank in range(count):
        document["distributedInfo"] = {"backend": "nccl", "rank": rank, "world_size": count}
        document["host_name"] = f"node{rank // _RANKS_A_HOST:03d}"
        text = json.dumps(document).encode()
        total += len(text)
        (folder / "traces" / f"rank{rank:05d}.json.gz").write_bytes(gzip.compress(text, 1))
    return total


def _measured(folder: Path, count: int, workers: int) -> dict[str, Any]:
    """A cell measured by another process."""
    asked = ["--cell", str(folder), "--traces", str(count), "--workers", str(workers)]
    before = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, __file__, *asked], check=True, stdout=subprocess.PIPE, text=True
    )
    conditions = {"load": [before, os.getloadavg()[0]], "date": f"{datetime.now():%-d %b %Y}"}
    return json.loads(done.stdout) | conditions | {"cores": os.cpu_count()}


def _cell(folder: Path, count: int, workers: int) -> dict[str, Any]:
    """Fill a lake and ask it."""
    lake = folder / f"lake-{workers}"
    cell: dict[str, Any] = {"traces": count, "workers": workers}
    with runner(workers=workers or None) as run:
        start = time.perf_counter()
        outcomes = ingest(str(lake), [str(folder / "traces")], run=run)
        cell["wall_s"] = time.perf_counter() - start
    # workers' time counts once they have ended
    cell["cpu_s"] = _cpu_seconds()
    assert {outcome.status for outcome in outcomes} == {"loaded"}
    assert len(Lake(str(lake)).cards()) == count
    cell["parts"] = len({card.part for card in Lake(str(lake)).cards()})
    with runner(workers=workers or None) as run:
        cell["asked"] = {name: _asked(lake, name, run) for name in QUERIES}
    cell["ask_cpu_s"] = _cpu_seconds() - cell["cpu_s"]
    cell["lake_bytes"] = sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())
    cell["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return cell


def _asked(lake: Path, name: str, run: Runner) -> dict[str, float]:
    """Seconds to ask one query, and of these after the last part's answer."""
    answered = 0.0

    def watched(task: Any, items: Any, split: Any) -> Iterator[Any]:
        nonlocal answered
        yield from run(task, items, split)
        answered = time.perf_counter()

    start = time.perf_counter()
    question.query(str(lake), name, run=Runner(watched))
    end = time.perf_counter()
    return {"wall_s": end - start, "merge_s": end - answered}


def _cpu_seconds() -> float:
    """Of this process and those that it started and that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(
        resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds
    )


if __name__ == "__main__":
    main()
