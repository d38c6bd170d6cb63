"""A study put together by hand: a model at two image sizes, before and after, and a stranger's trace.

Small enough to work out on paper: the baseline's attention takes 60 of 100 ns at 256 px, the flash
run's 15 of 55; at 512 px all of it takes four times as long, and attention sixteen times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from genscope.analyze.load.tables import create_schema
from genscope.analyze.sql_file import load_layer
from tests.base_rows import insert

# what a careless page would run, and what BokehJS would fetch MathJax for
HOSTILE = "void kernel</script><script>alert(1)</script><int>(float $$x$$)"
TRACE = """INSERT INTO trace BY NAME SELECT $trace_id AS trace_id, $name AS name, $path AS path,
  $name AS digest, 'kineto' AS format, $model AS model, $family AS family, $attention AS attention,
  'torch' AS profiler, $predicted AS predicted, if($predicted, 0.75, NULL) AS time_low_ratio,
  if($predicted, 1.3, NULL) AS time_high_ratio, $manifest AS manifest, 'A100' AS device_name,
  1 AS resolution_ns, TRUE AS complete, 9 AS event_count, 0 AS repaired_count, 0 AS skipped_count"""
RUNS = (
    # trace_id, attention, image_size, predicted, attention_ns, convolution_ns
    (1, "baseline", 256, False, 60, 40),
    (2, "flash", 256, False, 15, 40),
    (3, "baseline", 512, True, 960, 160),
    (4, "flash", 512, True, 240, 160),
)


def copy_with_refused(path: Path, trace_ids: Iterable[int], reason: str = "") -> Path:
    """A copy in which kernels inside CUDA graphs are missing from these traces, for this reason."""
    with duckdb.connect(str(copy(path))) as con:
        for trace_id in trace_ids:
            con.execute(
                "INSERT INTO anomaly VALUES (?, 'graph_kernels_not_recorded', 1, NULL, NULL, ?)",
                [trace_id, reason],
            )
    return path


def write(path: Path) -> Path:
    """Write the study's database and return its path."""
    with duckdb.connect(str(path)) as con:
        create_schema(con)
        for trace_id, attention, image_size, predicted, attention_ns, convolution_ns in RUNS:
            _add_run(con, trace_id, attention, image_size, predicted)
            _add_work(con, trace_id, attention_ns, convolution_ns, predicted)
            _add_calls(con, trace_id, attention, image_size, attention_ns)
        _add_stranger(con)
        add_up(con)
    return path


@cache
def _bytes() -> bytes:
    with TemporaryDirectory() as folder:
        return write(Path(folder) / "study.duckdb").read_bytes()


def copy(path: Path) -> Path:
    """The same study, made once a process: its schema alone takes a second."""
    path.write_bytes(_bytes())
    return path


def add_up(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the sums of the work, as an ingest does."""
    run = {file.name: file.statement for file in load_layer("run")}
    sums = (
        "work_sum",
        "work_group",
        "grouped_work",
        "kernel_time",
        "device_busy",
        "component_busy",
    )
    for name in (*sums, "category_time"):
        con.execute(f"DELETE FROM {name}")
        con.execute(f"INSERT INTO {name} BY NAME {run[name]}")


def _add_run(
    con: duckdb.DuckDBPyConnection, trace_id: int, attention: str, image_size: int, predicted: bool
) -> None:
    manifest = {
        "model": "tiny",
        "attention": attention,
        "size": "tiny",
        "dtype": "float16",
        "image_size": image_size,
        "frames": 4,
        "steps_full": 50,
        "component_steps_full": {"unet": 50},
        "parameters": {"unet": 1000},
    }
    con.execute(
        TRACE,
        {
            "trace_id": trace_id,
            "name": f"run-{trace_id}",
            "path": f"/runs/{trace_id}/trace.json.gz",
            "model": "tiny",
            "family": "diffusion",
            "attention": attention,
            "predicted": predicted,
            "manifest": json.dumps(manifest),
        },
    )
    for setting in ("model", "image_size", "frames"):
        _insert(con, "trace_setting", (trace_id, setting, str(manifest[setting])))
    _insert(con, "trace_ceiling", (trace_id, "float16", 3e14, 2e12, 150.0, 2000))
    con.execute(
        "INSERT INTO component_scale BY NAME SELECT ? AS trace_id, 'unet' AS component, "
        "1 AS call_count, 1 AS step_count, 50 AS full_call_count, 50 AS request_scale, "
        "'calls' AS source",
        [trace_id],
    )


def _add_work(
    con: duckdb.DuckDBPyConnection,
    trace_id: int,
    attention_ns: int,
    convolution_ns: int,
    predicted: bool,
) -> None:
    time_source = "predicted" if predicted else "gpu"
    items = (
        (1, "flash_kernel", attention_ns, "attention", 3_000_000, "unet.attn1"),
        (2, HOSTILE, convolution_ns, "convolution", 4_000_000, "unet.conv_in"),
    )
    start = 0
    for work_id, name, dur_ns, category, flops, module in items:
        key = {"trace_id": trace_id, "work_id": work_id}
        _name(
            con,
            "work",
            key | {"time_source": time_source, "start_ns": start, "dur_ns": dur_ns, "name": name},
        )
        _name(
            con, "work_category", key | {"category": category, "module_category": category} | SOURCE
        )
        _name(con, "work_op", key | {"op_id": work_id, "op_name": f"aten::{category}"})
        _name(con, "work_component", key | {"component": "unet"} | SOURCE)
        _name(con, "work_step", key | {"step": 0} | SOURCE)
        _name(con, "work_module", key | {"module": module} | SOURCE)
        _name(con, "work_phase", key | {"pass": "forward", "phase": "unattributed"})
        _name(con, "work_attention", key | {"role": "core" if work_id == 1 else "none"})
        _name(con, "work_cost", key | {"flops": flops, "bytes": 20_000})
        start += dur_ns


def _add_calls(
    con: duckdb.DuckDBPyConnection, trace_id: int, attention: str, image_size: int, core_ns: int
) -> None:
    positions = (image_size // 32) ** 2
    calls = (("spatial", positions, 4), ("temporal", 4, positions)) * 2
    for index, (kind, length, batch) in enumerate(calls):
        _name(
            con,
            "attention_call",
            {
                "trace_id": trace_id,
                "attention_call_id": index,
                "call_index": index,
                "component": "unet",
                "step": 0,
                "module": f"unet.{kind}",
                "attention_kind": kind,
                "source": "label",
                "query_len": length,
                "kv_len": length,
                "heads": 2,
                "head_dim": 8,
                "batch": batch,
                "implementation": "unfused" if attention == "baseline" else "flash",
                "core_ns": core_ns // 4,
                "core_flops": 4 * batch * length**2 * 16,
                "score_bytes": batch * 2 * length**2 * 2,
            },
        )


def _add_stranger(con: duckdb.DuckDBPyConnection) -> None:
    """A trace without a manifest: two kernels and a copy, half of the time idle."""
    con.execute(
        TRACE,
        {
            "trace_id": 5,
            "name": "stranger",
            "path": "/others/stranger.json",
            "model": None,
            "family": None,
            "attention": None,
            "predicted": False,
            "manifest": None,
        },
    )
    kernel = {"trace_id": 5, "device_id": 0, "name": "gemm"}
    _name(con, "kernel", kernel | {"kernel_id": 1, "start_ns": 0, "dur_ns": 300})
    _name(con, "kernel", kernel | {"kernel_id": 2, "start_ns": 800, "dur_ns": 200})
    key = {"trace_id": 5, "work_id": 1}
    _name(con, "work", key | {"time_source": "gpu", "start_ns": 0, "dur_ns": 500, "name": "gemm"})
    _name(
        con, "work_category", key | {"category": "unclassified", "module_category": "unclassified"}
    )
    _name(con, "work_component", key | {"component": "unattributed", "source": "none"})
    _name(con, "work_cost", key)
    _name(con, "work_op", key | {"op_name": "unattributed", "source": "unlinked"})
    _name(con, "work_module", key | {"module": "unattributed", "source": "none"})
    _name(con, "work_attention", key | {"role": "none"})
    _name(con, "work_phase", key | {"pass": "unattributed", "phase": "unattributed"})
    _name(con, "work_step", key | {"source": "none"})
    _name(
        con,
        "component_scale",
        {"trace_id": 5, "component": "unattributed", "request_scale": 1, "source": "profile"},
    )


SOURCE = {"source": "label"}


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: tuple[Any, ...]) -> None:
    con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' for _ in row)})", list(row))


def _name(con: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    insert(con, table, **row)
