"""How fast a lake is filled and asked, by the number of workers and of traces.

    python bench/fleet.py TRACE... --traces 50 200 --workers 1 2

Copies of the traces with blanks before the JSON stand for others: the same work, another digest. Prints one
Markdown row a run: traces a minute, CPU seconds a trace and a GB of decompressed JSON, seconds to ask and, of
these, to merge, and the memory of this process, which is also Dask's scheduler. `--grow 2000` then asks the
last lake again with so many traces, made by copying its parts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genscope.analyze.fleet import question
from genscope.analyze.fleet.ingest import ingest
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.runner import Runner, runner

HEAD = (
    "| workers | traces | JSON, MB | traces a minute | CPU s a trace | CPU s a GB | `gpu_time`, s (merging) "
    "| `rank_outlier`, s (merging) | lake, MB | this process, MB |"
)
QUERIES = ("gpu_time", "rank_outlier")


def main() -> None:
    """Run every combination and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--traces", nargs="+", type=int, default=[50])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--grow", type=int)
    asked = parser.parse_args()
    print(HEAD + "\n" + "|---" * (HEAD.count("|") - 1) + "|")
    for count in asked.traces:
        with TemporaryDirectory(prefix="genscope-") as folder:
            size = _copies(asked.paths, Path(folder) / "traces", count)
            for workers in asked.workers:
                print(_run(Path(folder), workers, count, size), flush=True)
            if asked.grow and count == asked.traces[-1]:
                print(_grown(Path(folder) / f"lake-{workers}", workers, asked.grow), flush=True)


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
    # workers' time counts once they have ended
    before = _cpu_seconds()
    with runner(workers=workers) as run:
        start = time.perf_counter()
        outcomes = ingest(str(lake), [str(folder / "traces")], run=run)
        seconds = time.perf_counter() - start
    cpu = _cpu_seconds() - before
    assert {outcome.status for outcome in outcomes} == {"loaded"}
    assert len(Lake(str(lake)).parts()) == count
    cells = [f"{size / 1e6:,.0f}", f"{count * 60 / seconds:,.0f}"]
    cells += [f"{cpu / count:.2f}", f"{cpu * 1e9 / size:,.0f}"]
    return _row(workers, count, cells, lake, QUERIES)


def _grown(lake: Path, workers: int, count: int) -> str:
    """Ask the lake after its parts were copied until there are `count`."""
    cards = sorted((lake / "cards").iterdir())
    for i in range(len(cards), count):
        card = json.loads(cards[i % len(cards)].read_bytes())
        old, card["digest"] = card["digest"].replace(":", "-"), f"copy:{i}"
        card["source"] += f".{i}"
        shutil.copyfile(lake / f"parts/{old}.duckdb", lake / f"parts/copy-{i}.duckdb")
        (lake / f"cards/copy-{i}.json").write_text(json.dumps(card))
    return _row(workers, count, ["", "", "", ""], lake, QUERIES[:1])


def _row(workers: int, count: int, loaded: list[str], lake: Path, queries: tuple[str, ...]) -> str:
    with runner(workers=workers) as run:
        asked = [_asked(lake, name, run) for name in queries]
    stored = sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    asked += [""] * (len(QUERIES) - len(asked))
    cells = [workers, f"{count:,}", *loaded, *asked, f"{stored / 1e6:,.0f}", f"{memory:,}"]
    return "| " + " | ".join(map(str, cells)) + " |"


def _asked(lake: Path, name: str, run: Runner) -> str:
    """Seconds to ask one query, and of these after the last trace's answer."""
    answered = 0.0

    def watched(task: Any, items: Any) -> Iterator[Any]:
        nonlocal answered
        yield from run(task, items)
        answered = time.perf_counter()

    start = time.perf_counter()
    question.query(str(lake), name, run=watched)
    end = time.perf_counter()
    return f"{end - start:.1f} ({end - answered:.1f})"


def _cpu_seconds() -> float:
    """Of this process and those that it started and that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(
        resource.getrusage(kind).ru_utime + resource.getrusage(kind).ru_stime for kind in kinds
    )


if __name__ == "__main__":
    main()
