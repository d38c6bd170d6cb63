"""What limits a run, on other people's traces: every figure that slow, independent scripts computed.

The scripts read the raw events and share nothing with the SQL. A figure that is refused here is not
compared; _NVTX and _SINGLE say where a script and the definition disagree. A third of the traces is
tried on each change, because each takes some two seconds; GENSCOPE_FUZZ > 1 tries them all.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.trace_file import find
from genscope.analyze.sql_file import SqlFile, load_layer
from tests.conftest import shared_traces_folder
from tests.traces_of_others import tried

TRACES = shared_traces_folder()
REFERENCE = TRACES.parent / "reference" if TRACES else None


@dataclass(frozen=True)
class Figures:
    """One file of figures, the metric that gives them, how, and what else the columns are called."""

    csv: str
    metric: str
    keys: tuple[str, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    rows: str | None = None


FIGURES = (
    Figures(
        "idle",
        "idle_time",
        ("device_id",),
        refusal="idle_refusal",
    ),
    Figures(
        # the ten longest gaps of each trace
        "idle_gap_top10",
        "idle_time",
        ("device_id", "start_after_first_work_ns"),
        rows="SELECT gap.*, gap.start_ns - first.start_ns AS start_after_first_work_ns, "
        # an export of Nsight has no names of copies
        "CASE WHEN starts_with(copy.name, '[CUDA') "
        "THEN if(copy.kind = 'memset', 'memset', 'memcpy') "
        "ELSE left(coalesce(kernel.name, copy.name), 100) END AS next_event_name_100 "
        "FROM idle_gap AS gap "
        "INNER JOIN (SELECT device_id, min(start_ns) AS start_ns FROM (SELECT device_id, start_ns "
        "FROM kernel UNION ALL SELECT device_id, start_ns FROM gpu_copy) GROUP BY device_id) "
        "AS first USING (device_id) "
        "LEFT JOIN kernel USING (trace_id, kernel_id) "
        "LEFT JOIN gpu_copy AS copy USING (trace_id, copy_id)",
    ),
    Figures("overlap", "gpu_overlap", ("device_id",), refusal="overlap_refusal"),
    Figures(
        "launch",
        "launch_statistics",
        ("what",),
        rows="FROM launch_statistics WHERE call_name = 'all'",
    ),
    Figures("launch_queue", "launch_queue", ("device_id", "stream_id")),
    Figures("sync", "host_wait_sum", ()),
    Figures(
        "sync_call",
        "host_wait_place",
        ("kind", "call_name"),
        rows="SELECT kind, call_name, sum(call_count)::BIGINT AS call_count, "
        "sum(wait_ns)::BIGINT AS call_ns, sum(device_busy_ns)::BIGINT AS device_busy_ns, "
        "max(longest_ns) AS longest_ns FROM host_wait_place GROUP BY ALL",
    ),
    Figures("short_kernel", "short_kernel", ()),
    Figures(
        # arguments of a kernel or of the operator around its call are one source there
        "comm",
        "communication_time",
        ("kernel_class", "collective", "source", "message_bytes"),
        rows="SELECT * REPLACE (if(source = 'operator', 'kernel', source) AS source) "
        "FROM communication_time",
        renamed={
            "mean_algbw_bytes_per_s": "algbw_bytes_per_s",
            "mean_busbw_bytes_per_s": "busbw_bytes_per_s",
        },
    ),
    Figures(
        "roofline",
        "operator_roofline",
        ("op_name", "input_dims", "dtype"),
        # the script does not know the A100 by its part number
        rows="SELECT * EXCLUDE (dtype, attainable_ns, attained_frac, lost_ns), "
        "if(ceiling = 'tf32', ceiling, dtype) AS dtype, "
        "if(known, attainable_ns, NULL) AS attainable_ns, if(known, lost_ns, NULL) AS lost_ns, "
        "if(known, format('{:.6f}', attained_frac), NULL) AS attained_frac FROM ("
        "SELECT *, coalesce(device_name NOT LIKE '%PG509%', FALSE) AS known "
        "FROM operator_roofline INNER JOIN trace USING (trace_id))",
    ),
    Figures(
        # of the products whose names the script knows; those that it calls unknown are hardly ever products
        "roofline_total",
        "tensor_core_use",
        (),
        rows="SELECT count(*) FILTER (tensor_core = 'yes') AS tensor_core_count, "
        "count(*) FILTER (tensor_core = 'no') AS no_tensor_core_count, "
        "coalesce(sum(dur_ns) FILTER (tensor_core = 'yes'), 0) AS tensor_core_ns, "
        "coalesce(sum(dur_ns) FILTER (tensor_core = 'no'), 0) AS no_tensor_core_ns "
        "FROM kernel INNER JOIN kernel_tensor_core USING (trace_id, name) "
        "WHERE {known}",
    ),
    Figures("critical_path", "critical_path_sum", (), refusal="path_refusal"),
    Figures(
        # captures and replays of one file; the database of a test holds no other
        "graph_alignment",
        "graph_replay",
        ("replay_index",),
        rows="SELECT * REPLACE (is_exact::INTEGER AS is_exact) FROM graph_replay",
        renamed={
            "captured_launch_count": "captured_count",
            "replayed_kernel_count": "kernel_count",
            "replay_kernel_ns": "kernel_ns",
            "matched_kernel_ns": "matched_ns",
        },
    ),
    Figures("graph_operator", "graph_operator", ("op_name", "module")),
    Figures("memory", "memory_peak", ("device_id",)),
    Figures(
        "memory_alive",
        "memory_at_peak",
        ("device_id", "op_name"),
        rows="SELECT device_id, if(op_name = 'unattributed', '', op_name) AS op_name, "
        "sum(alive_count)::BIGINT AS alive_count, sum(alive_bytes)::BIGINT AS alive_bytes "
        "FROM memory_at_peak GROUP BY ALL",
    ),
    Figures("serving", "serving_iteration", ("iteration",)),
    Figures(
        "step",
        "step_breakdown",
        ("basis", "step"),
        renamed={
            "kernels_started_count": "kernel_count",
            "kernels_launched_count": "launched_kernel_count",
        },
        refusal="step_refusal",
    ),
    Figures(
        "step_verdict",
        "step_breakdown",
        ("step",),
        rows="FROM step_breakdown WHERE basis = 'host'",
        renamed={"host_in_gaps_below_1ms_ns": "host_in_short_ns"},
        refusal="step_refusal",
    ),
)
METRICS = {file.name: file for file in load_layer("metric")}
# their `Never:` is checked here, so that each is computed once
CHECKED = {figures.metric for figures in FIGURES}
# the scripts read no NVTX ranges, which are operators here
_NVTX = {"host_operator_ns", "host_other_ns", "cpu_op_ns", "other_ns", "step_ns", "edge_ns"}
# by the definition only kernels that are alone in their call; the script compared all of a graph's
_SINGLE = {("short_kernel", "shorter_than_call_count")}


@cache
def _figures(name: str) -> dict[str, list[dict[str, str]]]:
    """The rows of one file of figures by trace."""
    assert REFERENCE is not None
    found: dict[str, list[dict[str, str]]] = {}
    with (REFERENCE / f"{name}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            trace = row.pop("file", "") or row.pop("replay_file")
            if row.get("capture_file", trace) == trace:
                found.setdefault(trace, []).append(row)
    return found


@cache
def _known_product() -> str:
    """A condition for kernels whose names the script that looked for tensor cores has in its list."""
    assert REFERENCE is not None
    with (REFERENCE / "tensor_core_names.csv").open(newline="") as file:
        names = [row["kernel_name_140"].replace("'", "''") for row in csv.DictReader(file)]
    return "left(name, 140) IN ({})".format(", ".join(f"'{name}'" for name in names))


def _traces() -> list[str]:
    if TRACES is None or REFERENCE is None or not REFERENCE.is_dir():
        return []
    names = {name for figures in FIGURES for name in _figures(figures.csv)}
    # no other test attributes this one: it is large and has no kernel
    names -= {"mtia-single-rank.json.gz"}
    return sorted(name for name in names if TRACES / name in tried(TRACES))


Open = Callable[[str], duckdb.DuckDBPyConnection]


@pytest.fixture
def opened(shared_traces_built_once: None, tmp_path: Path) -> Iterator[Open]:
    """A function that builds one trace, attributed, and opens its database."""
    kept: list[duckdb.DuckDBPyConnection] = []

    def open_one(name: str) -> duckdb.DuckDBPyConnection:
        assert TRACES is not None
        found = replace(find([TRACES / name])[0], trace_id=1, digest="0")
        path = build.build_trace(found, tmp_path / "scratch").path
        kept.append(duckdb.connect(str(path), read_only=True))
        return kept[-1]

    yield open_one
    for con in kept:
        con.close()


def _answer_once(con: duckdb.DuckDBPyConnection, metric: SqlFile) -> None:
    """Keep the metric's rows in a table of its name; none of them is one that must never be."""
    call = f"{metric.name}()" if metric.params else metric.name
    con.execute(f"CREATE TEMP TABLE kept AS FROM {call}")
    con.execute(f"ALTER TABLE kept RENAME TO {metric.name}")
    assert con.execute(metric.never.replace(call, metric.name)).fetchall() == [], metric.name


def _differences(con: duckdb.DuckDBPyConnection, name: str, figures: Figures) -> list[str]:
    statement = figures.rows or f"FROM {figures.metric}"
    answer = con.execute(statement.replace("{known}", _known_product()))
    columns = [column[0] for column in answer.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    mine = {tuple(_text(row[key]) for key in figures.keys): row for row in rows}
    found = []
    for expected in _figures(figures.csv).get(name, []):
        key = tuple(expected[column] for column in figures.keys)
        if figures.csv == "launch" and expected["event_count"] == "0":
            continue
        if key not in mine:
            found.append(f"{figures.csv} {key}: no row")
            continue
        found += [
            f"{figures.csv} {key} {column}: {mine[key][ours]}, not {value}"
            for column, value in expected.items()
            if (ours := figures.renamed.get(column, column)) in mine[key]
            and not _agrees(mine[key], ours, value, figures)
            and not (name.startswith("nsys/fastvideo") and column in _NVTX)
            and (figures.csv, column) not in _SINGLE
        ]
    return found


def _agrees(row: dict[str, Any], column: str, value: str, figures: Figures) -> bool:
    refused = figures.refusal is not None and row[figures.refusal] is not None
    return _text(row[column]) == value or (refused and row[column] is None)


def _text(value: object) -> str:
    # rates are whole numbers in the figures
    return "" if value is None else str(round(value)) if isinstance(value, float) else str(value)


@pytest.mark.parametrize("name", _traces())
def test_figures_are_those_of_the_raw_events(name: str, opened: Open) -> None:
    con = opened(name)
    asked = [figures for figures in FIGURES if name in _figures(figures.csv)]
    for metric in dict.fromkeys(figures.metric for figures in asked):
        _answer_once(con, METRICS[metric])
    assert [line for figures in asked for line in _differences(con, name, figures)] == []


@pytest.mark.parametrize("name", [name for name in _traces() if name in _figures("sync_operator")])
def test_each_wait_has_its_operator_and_its_line_of_python(name: str, tmp_path: Path) -> None:
    assert TRACES is not None
    found = replace(find([TRACES / name])[0], trace_id=1, digest="0")
    built = build.build_trace(
        found, tmp_path / "scratch", keep={"python"}, wanted={"host_wait_place"}
    )
    place = "coalesce(op_name, ''), coalesce(python_frame, '')"
    if name.startswith("nsys/fastvideo"):
        # whose operators are NVTX ranges
        place = "'', ''"
    with duckdb.connect(str(built.path), read_only=True) as con:
        rows = con.execute(
            f"SELECT kind, call_name, {place}, sum(call_count), sum(wait_ns), sum(device_busy_ns) "
            "FROM host_wait_place WHERE kind IN ('explicit', 'copy') GROUP BY ALL"
        ).fetchall()
    expected = [tuple(row.values()) for row in _figures("sync_operator")[name]]
    assert sorted(tuple(map(str, row)) for row in rows) == sorted(expected)
