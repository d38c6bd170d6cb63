"""How fast a lake is filled and asked, by the number of workers and of traces.

    python bench/fleet.py TRACE... --traces 50 200 --workers 1 2

Copies of the traces with blanks before the JSON stand for others: the same work, another digest. Prints one
Markdown row a run: traces a minute, CPU seconds a GB of decompressed JSON, seconds to ask, memory of
this process, which is also Dask's scheduler.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from genscope.analyze.fleet.ingest import ingest
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.question import query
from genscope.analyze.fleet.runner import runner

HEAD = "| workers | traces | JSON, MB | traces a minute | CPU s a GB | `gpu_time`, s | `rank_outlier`, s | lake, MB | this process, MB |"


def main() -> None:
    """Run every combination and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--traces", nargs="+", type=int, default=[50])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    asked = parser.parse_args()
    print(HEAD + "\n" + "|---" * HEAD.count(" | ") + "|---|")
    for count in asked.traces:
        with TemporaryDirectory(prefix="genscope-") as folder:
            size = _copies(asked.paths, Path(folder) / "traces", count)
            for workers in asked.workers:
                print(_run(Path(folder), workers, count, size), flush=True)


def _copies(paths: list[Path], folder: Path, count: int) -> int:
    """Write `count` traces in one folder and return the bytes of their JSON."""
    folder.mkdir()
    total = 0
    for i in range(count):
        text = gzip.decompress(paths[i % len(paths)].read_bytes())
        total += len(text)
        # blanks before the JSON change the digest and nothing else
        (folder / f"rank{i:05d}.json.gz").write_bytes(gzip.compress(b" " * (i + 1) + text, 1))
    return total


def _run(folder: Path, workers: int, count: int, size: int) -> str:
    lake = folder / f"lake-{workers}"
    with runner(workers=workers) as run:
        before, start = _cpu_seconds(), time.perf_counter()
        outcomes = ingest(str(lake), [str(folder / "traces")], run=run)
        seconds = time.perf_counter() - start
        assert {outcome.status for outcome in outcomes} == {"loaded"}
        asked = [
            _seconds_of(lambda name=name: query(str(lake), name, run=run))
            for name in ("gpu_time", "rank_outlier")
        ]
    # workers' time counts once they have ended
    cpu = _cpu_seconds() - before
    stored = sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())
    assert len(Lake(str(lake)).parts()) == count
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    cells = [
        workers,
        count,
        f"{size / 1e6:,.0f}",
        f"{count * 60 / seconds:,.0f}",
        f"{cpu * 1e9 / size:,.0f}",
    ]
    cells += [*(f"{s:.1f}" for s in asked), f"{stored / 1e6:,.0f}", f"{memory:,}"]
    return "| " + " | ".join(map(str, cells)) + " |"


def _seconds_of(ask: object) -> float:
    start = time.perf_counter()
    ask()  # type: ignore[operator]
    return time.perf_counter() - start


def _cpu_seconds() -> float:
    """Of this process and those that it started and that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(
        resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds
    )


if __name__ == "__main__":
    main()
