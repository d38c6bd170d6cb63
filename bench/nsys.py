"""Load time, memory and answers on Nsight Systems exports, side by side with nsys stats and nsys-ai.

    python bench/nsys.py EXPORT.sqlite... [--nsys PATH] [--nsys-ai PATH] [--copies N]

A tool that is not named is looked for on PATH and left out if it isn't there. Each measurement is a
fresh process on a fresh copy of the export; the truth it is held against is plain sqlite3. --copies
makes each export N times as long first (times and correlations moved on), to see how the tools grow.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GENSCOPE = """
import sys
from genscope.analyze.study import Study
with Study(sys.argv[2]) as study:
    study.ingest(sys.argv[1])
"""
_TOOLS = ("genscope", "nsys stats", "nsys-ai")
_REPORTS = "cuda_gpu_kern_sum,cuda_gpu_mem_time_sum,nvtx_pushpop_sum,cuda_api_sum,nvtx_gpu_proj_sum"
_ASK = """
import json, sys
from genscope.analyze.study import Study
with Study(sys.argv[1]) as study:
    found = {name: study.sql(sql).item() for name, sql in json.loads(sys.argv[2]).items()}
print(json.dumps(found))
"""
_IN_A_RANGE = """
WITH ranged AS (
  SELECT trace_id, range_id AS slice_id, track, start_ns, dur_ns, 0 AS tie
  FROM nvtx_range WHERE track IS NOT NULL AND style <> 'Mark'
), nested AS (FROM nesting('ranged')), innermost AS (FROM timeline('nested'))
SELECT count(DISTINCT kernel_id) FROM kernel
JOIN runtime_call AS call USING (trace_id, process_id, correlation_id)
ASOF JOIN innermost ON call.trace_id = innermost.trace_id
  AND concat_ws(' ', call.process_id, call.thread_id) = innermost.track
  AND call.start_ns >= innermost.start_ns
WHERE innermost.slice_id IS NOT NULL
"""
_QUERIES = {
    "kernels": "SELECT count(*) FROM kernel",
    "kernel time, ns": "SELECT coalesce(sum(dur_ns), 0)::BIGINT FROM kernel",
    "copies": "SELECT count(*) FROM gpu_copy",
    "kernels in a range": _IN_A_RANGE,
}
_TIMED = ("KERNEL", "MEMCPY", "MEMSET", "RUNTIME")


@dataclass(frozen=True)
class Run:
    """One finished process: seconds, of them computing, peak resident MiB, what it printed."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    output: str
    failed: bool


def main() -> None:
    """Measure every export that was named and print two tables in Markdown."""
    asked = _arguments()
    tools = {
        "nsys": asked.nsys or shutil.which("nsys"),
        "nsys-ai": asked.nsys_ai or shutil.which("nsys-ai"),
    }
    print(
        "| export | kernels | ranges | tool | s | CPU s | peak MiB |\n|---|---|---|---|---|---|---|"
    )
    answers = []
    for export in asked.exports:
        with tempfile.TemporaryDirectory(prefix="bench-nsys-") as name:
            folder = Path(name)
            path = _longer(export, folder / export.name, asked.copies)
            answers += _measure(path, folder, tools)
    print(
        "\n| export | question | sqlite3 | genscope | nsys stats | nsys-ai |\n|---|---|---|---|---|---|"
    )
    for row in answers:
        print("| " + " | ".join(str(cell) for cell in row) + " |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("exports", nargs="+", type=Path)
    parser.add_argument("--nsys")
    parser.add_argument("--nsys-ai")
    parser.add_argument("--copies", type=int, default=1)
    return parser.parse_args()


def _measure(path: Path, folder: Path, tools: dict[str, str | None]) -> list[tuple[Any, ...]]:
    truth = _truth(path)
    study = folder / "study.duckdb"
    runs = {"genscope ingest": _run([sys.executable, "-c", _GENSCOPE, str(path), str(study)])}
    found: dict[str, dict[str, Any]] = {"genscope": _ours(study)}
    if tools["nsys"]:
        command = [tools["nsys"], "stats", "-q", "--format", "csv", "--report", _REPORTS, str(path)]
        runs["nsys stats, 5 reports"] = _run(command)
        found["nsys stats"] = _stats(tools["nsys"], path)
    if tools["nsys-ai"]:
        command = [tools["nsys-ai"], "skill", "run", "--format", "json"]
        runs["nsys-ai top_kernels"] = _run([*command, "top_kernels", str(path)])
        runs["nsys-ai nvtx_kernel_map"] = _run([*command, "nvtx_kernel_map", str(path)])
        found["nsys-ai"] = _ai(command, path)
    for tool, run in runs.items():
        end = "failed" if run.failed else f"{run.seconds:.2f}"
        measured = (end, f"{run.cpu_seconds:.2f}", round(run.peak_mib))
        cells = (path.stem, truth["kernels"], truth["ranges"], tool, *measured)
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    return [
        (
            path.stem,
            question,
            truth[question],
            *(found.get(t, {}).get(question, "") for t in _TOOLS),
        )
        for question in ("kernels", "kernel time, ns", "copies", "kernels in a range")
    ]


def _run(command: Sequence[str]) -> Run:
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Run(seconds, cpu_seconds, usage.ru_maxrss / 1024, output, process.returncode != 0)


def _truth(path: Path) -> dict[str, Any]:
    """Counts and sums with plain SQL, and kernels whose launch lies in a range of its thread."""
    with closing(sqlite3.connect(path)) as con:
        tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master")}

        def spans(table: str, columns: str = "") -> list[tuple[Any, ...]]:
            name = table if table in tables else f"CUPTI_ACTIVITY_KIND_{table}"
            query = f'SELECT start, "end"{columns} FROM {name}'
            return con.execute(query).fetchall() if name in tables else []

        kernels = spans("KERNEL", ", correlationId, globalPid >> 24")
        calls = spans("RUNTIME", ", correlationId, globalTid")
        kinds = ", globalTid, eventType" if "NVTX_EVENTS" in tables else ""
        ranges = [r[:3] for r in spans("NVTX_EVENTS", kinds) if r[3] in (59, 60, 70) and r[1]]
        copies = len(spans("MEMCPY")) + len(spans("MEMSET"))
    inside = _inside(calls, ranges)
    return {
        "kernels": len(kernels),
        "kernel time, ns": sum(end - start for start, end, *_ in kernels),
        "copies": copies,
        "ranges": len(ranges),
        "kernels in a range": sum((c, process) in inside for _, _, c, process in kernels),
    }


def _inside(calls: list[tuple[Any, ...]], ranges: list[tuple[Any, ...]]) -> set[tuple[int, int]]:
    """(correlation, process) of the calls that lie whole within some range of their thread."""
    events: dict[int, list[tuple[int, int, int, int]]] = {}
    for start, end, thread in ranges:
        events.setdefault(thread, []).append((start, 0, -end, 0))
    for start, end, correlation, thread in calls:
        events.setdefault(thread, []).append((start, 1, -end, correlation))
    found = set()
    for thread, rows in events.items():
        reach = -(10**30)
        for _, is_call, minus_end, correlation in sorted(rows):
            if not is_call:
                reach = max(reach, -minus_end)
            elif -minus_end <= reach:
                found.add((correlation, thread >> 24))
    return found


def _ours(study: Path) -> dict[str, Any]:
    # in a process of its own: a child's peak memory starts from that of its parent
    text = _run([sys.executable, "-c", _ASK, str(study), json.dumps(_QUERIES)]).output
    # DuckDB may have drawn a progress bar first
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def _stats(nsys: str, path: Path) -> dict[str, Any]:
    def total(report: str) -> tuple[int, int]:
        text = _run([nsys, "stats", "-q", "--format", "csv", "--report", report, str(path)]).output
        rows = [line.split(",") for line in text.strip().splitlines()[1:]]
        return sum(int(row[2]) for row in rows), sum(int(row[1]) for row in rows)

    kernels, kernel_ns = total("cuda_gpu_kern_sum")
    return {
        "kernels": kernels,
        "kernel time, ns": kernel_ns,
        "copies": total("cuda_gpu_mem_time_sum")[0],
    }


def _ai(command: Sequence[str], path: Path) -> dict[str, Any]:
    def rows(skill: str, *more: str) -> list[dict[str, Any]]:
        text = _run([*command, skill, str(path), *more]).output
        found = json.loads(text) if text.strip() else []
        return [row for row in found if not any(key.startswith("_") for key in row)]

    kernels = rows("top_kernels", "-p", "limit=100000")
    copies = rows("memory_transfers")
    mapped = rows("nvtx_kernel_map", "-p", "limit=10000000")
    return {
        "kernels": sum(row["invocations"] for row in kernels),
        "kernel time, ns": f"{sum(row['total_ms'] for row in kernels) * 1e6:.0f}",
        "copies": sum(row["count"] for row in copies),
        "kernels in a range": len(mapped),
    }


def _longer(export: Path, target: Path, copies: int) -> Path:
    """A copy of the export, `copies` times as long: times and correlations of each part moved on."""
    shutil.copyfile(export, target)
    with closing(sqlite3.connect(target)) as con:
        tables = {row[0] for row in con.execute("SELECT name FROM sqlite_master")}
        timed = [f"CUPTI_ACTIVITY_KIND_{kind}" for kind in _TIMED] + ["NVTX_EVENTS"]
        present = [table for table in timed if table in tables]
        for table in present:
            columns = [row[1] for row in con.execute(f"PRAGMA table_info({table})")]
            moved = {"start": 10**12, "end": 10**12, "correlationId": 10**8}
            values = ", ".join(
                f'"{c}" + {moved[c]} * n.i' if c in moved else f'"{c}"' for c in columns
            )
            numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies - 1})"
            if copies > 1:
                con.execute(f"CREATE TEMP TABLE part AS SELECT * FROM {table}")
                con.execute(f"INSERT INTO {table} {numbers} SELECT {values} FROM part, n")
                con.execute("DROP TABLE part")
        con.commit()
    return target


if __name__ == "__main__":
    main()
