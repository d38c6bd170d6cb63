"""The tables of `nsys stats` and ours, in one form: a list of (text..., number...) rows, sorted.

The CSVs in nsys_stats/ are what nsys 2024.2.3 printed for the shared exports; of a table with more
than TOP rows only the first are kept, and whole.csv holds the number of rows and the sum of two
columns of every table, cut or not.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from genscope.analyze.sql_file import create_statement, in_order, load_layer

FOLDER = Path(__file__).with_name("nsys_stats")
TOP = 30

Row = tuple[str | float, ...]

_SUMMARY = ("total_ns", "count", "avg_ns", "med_ns", "min_ns", "max_ns", "stddev_ns")


@dataclass(frozen=True)
class Report:
    """One table of nsys: our columns in the order of its own, texts last or first as there."""

    name: str
    columns: tuple[str, ...]
    texts: int
    texts_last: bool


def _summary(name: str, count: str, text: str) -> Report:
    numbers = tuple(count if column == "count" else column for column in _SUMMARY)
    return Report(name, ("time_frac", *numbers, text), 1, True)


REPORTS = (
    _summary("cuda_gpu_kern_sum", "instance_count", "name"),
    _summary("cuda_gpu_mem_time_sum", "instance_count", "operation"),
    _summary("cuda_api_sum", "call_count", "name"),
    _summary("nvtx_pushpop_sum", "instance_count", "range_name"),
    Report(
        "nvtx_gpu_proj_sum",
        (
            *("range_name", "style", "total_proj_ns", "total_range_ns", "range_count"),
            *("proj_avg_ns", "proj_med_ns", "proj_min_ns", "proj_max_ns", "proj_stddev_ns"),
            *("total_gpu_op_count", "avg_gpu_op_count", "avg_range_level", "avg_child_count"),
        ),
        2,
        False,
    ),
)


def theirs(report: Report, text: str) -> list[Row]:
    """Rows of what `nsys stats --format csv` printed."""
    return sorted(_row(report, row) for row in list(csv.reader(text.splitlines()))[1:])


def ours(report: Report, con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Rows of the relation of the same name, shares in percent as nsys prints them."""
    selected = ", ".join(
        "100 * time_frac" if column == "time_frac" else column for column in report.columns
    )
    rows = con.execute(f"SELECT {selected} FROM {report.name}").fetchall()
    return sorted(_row(report, row) for row in rows)


def differences(found: list[Row], wanted: list[Row]) -> list[tuple[Row, Row]]:
    """Pairs of rows, in order, that differ by more than nsys's rounding to one digit."""
    return [pair for pair in zip(found, wanted, strict=True) if not _agree(*pair)]


def create_relations(con: duckdb.DuckDBPyConnection) -> None:
    """Make the relations of queries/nsys in a database of base tables."""
    for relation in in_order(load_layer("nsys")):
        con.execute(create_statement(relation))


def total(rows: Iterable[Row], report: Report) -> tuple[int, int, int]:
    """Rows, sum of the time and sum of the count: a check of rows that are not kept."""
    kept = list(rows)
    time, count = (1, 2) if report.texts_last else (0, 2)
    numbers = [row[report.texts :] for row in kept]
    return (
        len(kept),
        round(sum(float(row[time]) for row in numbers)),
        round(sum(float(row[count]) for row in numbers)),
    )


def _row(report: Report, row: Iterable[object]) -> Row:
    cells = list(row)
    cells = cells[-report.texts :] + cells[: -report.texts] if report.texts_last else cells
    return (
        *map(str, cells[: report.texts]),
        *(float(str(cell)) for cell in cells[report.texts :]),
    )


def _agree(found: Row, wanted: Row) -> bool:
    return all(
        a == b if isinstance(a, str) or isinstance(b, str) else abs(a - b) <= 0.0501
        for a, b in zip(found, wanted, strict=True)
    )
