"""How fast and in how much memory a trace becomes a queryable study, side by side with peers.

    python bench/ingest.py --traces FOLDER --out bench/ingest.json [--megabytes 200 1000] [--rounds 3]
    python bench/ingest.py --render bench/ingest.json > docs/performance.md

Runs are interleaved and each is a process of its own: wall and processor time, and the peak of
resident memory, from the start of the work (imports done) to its end. FOLDER holds real traces.
Runs are added to those that --out holds already, with the load of the machine at that time.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# workload -> (trace it is made of, whether Python frames and arrows are left out, what it is)
WORKLOADS = {
    "plain": ("resnet-ddp-checkpointing-mi300x", True, "training, without stacks and arrows"),
    "mixed": ("resnet-ddp-checkpointing-mi300x", False, "training, stacks and arrows included"),
    "stacks": ("flux1-fmha-mi300x", False, "diffusion, 90 % Python frames"),
}

# seconds that a run is given
_PATIENCE = 900

_MEASURE = """
import json, re, sys, time
{imports}
wall, cpu = time.perf_counter(), time.process_time()
{work}
used = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, used]))
"""
_GENSCOPE = _MEASURE.format(
    imports="from genscope.analyze.load.ingest import ingest; import genscope.analyze.study, genscope.analyze.readers.kineto.facts",
    work="ingest(sys.argv[2], [sys.argv[1]])",
)
_PANDAS = _MEASURE.format(
    imports="import pandas",
    work="frame = pandas.json_normalize(json.load(open(sys.argv[1]))['traceEvents'])",
)
_ORJSON = _MEASURE.format(
    imports="import orjson, pandas",
    work="frame = pandas.json_normalize(orjson.loads(open(sys.argv[1], 'rb').read())['traceEvents'])",
)
_POLARS = _MEASURE.format(
    imports="import polars",
    work="frame = polars.read_json(sys.argv[1], infer_schema_length=None).select('traceEvents')"
    ".explode('traceEvents').unnest('traceEvents')",
)
_HTA = _MEASURE.format(
    imports="from hta.trace_analysis import TraceAnalysis",
    work="TraceAnalysis(trace_files={0: sys.argv[1]}, trace_dir='/')",
)

PEERS = {
    "json.load + pandas": _PANDAS,
    "orjson + pandas": _ORJSON,
    "polars read_json": _POLARS,
    "HTA TraceAnalysis": _HTA,
}


def main() -> None:
    """Parse the arguments; measure, or render what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--out", type=Path, default=Path("build/ingest.json"))
    parser.add_argument("--megabytes", type=int, nargs="+", default=[200])
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=WORKLOADS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=PEERS)
    parser.add_argument("--gzip", action="store_true", help="also the same file packed")
    parser.add_argument("--keep", type=Path, help="leave the last study there")
    parser.add_argument("--peer-python", help="interpreter with traceinsight (HTA), orjson, polars")
    parser.add_argument("--render", type=Path)
    given = parser.parse_args()
    if given.render:
        from bench.performance_page import page

        files = [given.render.with_name(f"{name}.json") for name in ("queries", "workbench")]
        others = [json.loads(file.read_text()) if file.exists() else None for file in files]
        print(page(json.loads(given.render.read_text()), *others), end="")
        # it says what loads take too
        from bench.scale_page import write_page

        write_page()
        return
    kept = json.loads(given.out.read_text()) if given.out.exists() else {"runs": []}
    result: dict[str, Any] = kept | {"machine": _machine(), "date": f"{date.today():%d %b %Y}"}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    for run in _measure(given):
        print(run, file=sys.stderr, flush=True)
        result["runs"].append(run)
        given.out.write_text(json.dumps(result, indent=1) + "\n")


def _machine() -> dict[str, Any]:
    packages = ("duckdb", "pyarrow", "msgspec", "isal", "pandas")
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
    } | {name: importlib.metadata.version(name) for name in packages}


def _measure(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from bench.make_trace import make

    python = given.peer_python or sys.executable
    readers = {"genscope": (sys.executable, _GENSCOPE)}
    readers |= {name: (python, PEERS[name]) for name in given.peers}
    with tempfile.TemporaryDirectory(prefix="genscope-bench-") as name:
        folder = Path(name)
        # the first load on a machine makes an empty study, which is kept and not measured here
        _run(*readers["genscope"], given.traces / f"{WORKLOADS['plain'][0]}.json.gz", folder)
        for megabytes in given.megabytes:
            for workload in given.workloads:
                source, stripped, _ = WORKLOADS[workload]
                trace = given.traces / f"{source}.json.gz"
                size = megabytes * 1_000_000
                made = make(trace, folder / "trace.json", size, stripped=stripped)
                files = dict.fromkeys(readers, made)
                if given.gzip:
                    files["genscope, from .gz"] = _packed(made)
                for _ in range(given.rounds):
                    for reader, file in files.items():
                        python, code = readers[reader.partition(",")[0]]
                        run = {"workload": workload, "megabytes": megabytes, "reader": reader}
                        yield (
                            run | _run(python, code, file, folder) | {"bytes": made.stat().st_size}
                        )
                if given.keep:
                    shutil.copy(folder / "study.duckdb", given.keep)
                for file in set(files.values()):
                    file.unlink()


def _packed(path: Path) -> Path:
    from isal import igzip

    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as source, igzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    return packed


def _run(python: str, code: str, trace: Path, folder: Path) -> dict[str, Any]:
    study = folder / "study.duckdb"
    study.unlink(missing_ok=True)
    load = os.getloadavg()[0]
    try:
        done = subprocess.run(
            [python, "-c", code, str(trace), str(study)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"load": load, "error": f"not ended after {_PATIENCE} s"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["killed"]
        return {"load": load, "error": lines[-1][:200]}
    wall, cpu, memory = json.loads(done.stdout.strip().splitlines()[-1])
    kept = study.stat().st_size if study.exists() else 0
    return {
        "load": load,
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_mb": memory,
        "study_bytes": kept,
    }


def median(runs: list[dict[str, Any]], key: str) -> float | None:
    """Middle value over the runs that ended; None if none did."""
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


if __name__ == "__main__":
    main()
