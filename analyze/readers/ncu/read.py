"""Read Nsight Compute results (CSV of the raw or details page, or .ncu-rep) as `ncu_metric`.

This is hard because a value means nothing without its unit, which differs from kernel to kernel, and
because ncu runs kernels one by one and several times, so its times never match those of a timeline.
"""

import io
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from genscope.analyze.readers.ncu.pages import Anomalies, Cell, read_cells
from genscope.analyze.readers.ncu.units import base_unit, comma_is_decimal, number
from genscope.errors import UserError

_HOW = "ncu --csv --page raw --import REPORT.ncu-rep > metrics.csv"
_BATCH_ROWS = 65536
_SCHEMA = pa.schema(
    {
        "row_id": pa.int64(),
        "ordinal": pa.int64(),
        "process_id": pa.string(),
        "device_id": pa.int64(),
        "name": pa.string(),
        "grid": pa.string(),
        "block": pa.string(),
        "section": pa.string(),
        "metric": pa.string(),
        "unit": pa.string(),
        "value": pa.float64(),
        "text": pa.string(),
    }
)
_ANOMALIES = pa.schema({"kind": pa.string(), "count": pa.int64(), "example": pa.string()})


def load(path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Create ncu_metric and ncu_reader_anomaly in `con`: values in base units, kernels in launch order.

    `section` is NULL if `metric` is the metric's internal name; `text` is the value as printed.
    Raises UserError if the file holds no Nsight Compute table or no kernel.
    """
    anomalies_found = Anomalies()
    if path.suffix.lower() == ".ncu-rep":
        batches = _report_batches(path, anomalies_found)
    else:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            batches = _batches(list(read_cells(file, anomalies_found)))
    con.from_arrow(pa.RecordBatchReader.from_batches(_SCHEMA, batches)).create("ncu_metric")
    row = con.table("ncu_metric").aggregate("count(*)").fetchone()
    if not row or not row[0]:
        said = anomalies_found.examples.get("profiler_warning")
        raise UserError(
            f"{path}: the file has no table of Nsight Compute kernels{f' ({said})' if said else ''}; "
            f"write one with {_HOW}"
        )
    rows = [
        (kind, count, anomalies_found.examples[kind])
        for kind, count in sorted(anomalies_found.counts.items())
    ]
    anomalies = [dict(zip(_ANOMALIES.names, row, strict=True)) for row in rows]
    con.from_arrow(pa.Table.from_pylist(anomalies, schema=_ANOMALIES)).create("ncu_reader_anomaly")


def _batches(cells: Sequence[Cell]) -> Iterator[pa.RecordBatch]:
    decimal_comma = comma_is_decimal(cell.text for cell in cells)
    ordinals: dict[tuple[int, str, str], int] = {}
    for start in range(0, len(cells), _BATCH_ROWS):
        rows = [
            {"row_id": row_id, "ordinal": ordinals.setdefault(cell.key, len(ordinals))}
            | _row(cell, decimal_comma=decimal_comma)
            for row_id, cell in enumerate(cells[start : start + _BATCH_ROWS], start)
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


def _row(cell: Cell, *, decimal_comma: bool) -> dict[str, Any]:
    factor, unit = base_unit(cell.unit)
    device = cell.about.get("Device", "")
    return {
        "process_id": cell.about.get("Process ID"),
        "device_id": int(device) if device.isdigit() else None,
        "name": cell.about["Kernel Name"],
        "grid": _dimensions(cell.about.get("Grid Size", "")),
        "block": _dimensions(cell.about.get("Block Size", "")),
        # under this heading, ncu prints metrics that were requested by name
        "section": None if "__" in cell.metric else cell.section or None,
        "metric": cell.metric,
        "unit": unit or None,
        "value": number(cell.text, factor, decimal_comma=decimal_comma),
        "text": cell.text,
    }


def _dimensions(text: str) -> str | None:
    """'(384, 1, 1)' as '[384,1,1]', as in other traces."""
    inner = text.strip("() ").replace(" ", "")
    return f"[{inner}]" if inner else None


def _report_batches(path: Path, anomalies_found: Anomalies) -> Iterator[pa.RecordBatch]:
    """Read a .ncu-rep with NVIDIA's ncu_report module, or else with the ncu on PATH."""
    try:
        import ncu_report
    except ImportError:
        return _batches(list(read_cells(_printed(path), anomalies_found)))
    try:
        context = ncu_report.load_report(str(path))
    except Exception as error:
        # the module raises RuntimeError and its own types
        raise UserError(
            f"{path}: ncu_report can't read this report ({error}); install a newer ncu-report, or "
            f"print the report with {_HOW}"
        ) from error
    return _action_batches([action for part in context for action in part])


def _action_batches(actions: Sequence[Any]) -> Iterator[pa.RecordBatch]:
    row_ids = count()
    for ordinal, action in enumerate(actions):
        about = {
            "ordinal": ordinal,
            "name": action.name(action.NameBase_DEMANGLED),
            "grid": _size(action, "launch__grid_dim"),
            "block": _size(action, "launch__block_dim"),
        }
        metrics = {name: action.metric_by_name(name) for name in action.metric_names()}
        rows = [
            about | {"row_id": next(row_ids)} | _metric(name, metric)
            for name, metric in metrics.items()
            if metric is not None and metric.has_value()
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)


def _metric(name: str, metric: Any) -> dict[str, Any]:
    value = metric.value()
    factor, unit = base_unit(metric.unit() or "")
    is_number = isinstance(value, int | float)
    return {
        "metric": name,
        "unit": unit or None,
        "value": number(repr(value), factor) if is_number else None,
        "text": str(value),
    }


def _size(action: Any, prefix: str) -> str | None:
    sizes = [action.metric_by_name(f"{prefix}_{axis}") for axis in "xyz"]
    if any(size is None for size in sizes):
        return None
    return f"[{','.join(str(int(size.value())) for size in sizes)}]"


def _printed(path: Path) -> Iterator[str]:
    ncu = shutil.which("ncu")
    if ncu is None:
        raise UserError(
            f"{path}: a report needs the module ncu_report or ncu on PATH; run pip install "
            f"ncu-report, or print the report on a machine that has ncu: {_HOW}"
        )
    # not --print-units base: with base units ncu rounds to two digits
    command = [ncu, "--import", str(path), "--csv", "--page", "raw"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    yield from io.StringIO(done.stdout, newline="")
