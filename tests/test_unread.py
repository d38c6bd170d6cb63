"""What a metric leaves unread: rows of kernels where sums are enough, and where its own subject is missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.created import Created
from genscope.analyze.load.kept_views import kept_views
from genscope.analyze.load.tables import metrics, with_inputs
from genscope.analyze.study import Study

# a row for each kernel, call or operator
LONG = {"work", "kernel", "runtime_call", "kernel_launch", "work_op", "work_category", "work_step"}
SUMMED = ("ledger", "trace_difference", "launch_queue", "launch_statistics")
# the tables that would be read for nothing in a trace without counters, power, requests or graphs
UNREAD = {
    "cache_hit": {"work", "work_category", "work_op", "work_attention"},
    "energy": {"kernel", "kernel_launch", "runtime_call"},
    "serving_iteration": {"runtime_call", "kernel_launch"},
    "graph_operator": {"cpu_op_parent"},
    "graph_replay": {"cpu_op_parent"},
}


@pytest.mark.parametrize("name", SUMMED)
def test_what_is_summed_reads_no_long_table(name: str) -> None:
    read = with_inputs([name], {**kept_views(), **metrics()})
    inputs = {table for one in read for table in {**kept_views(), **metrics()}[one].inputs}
    assert not inputs & LONG


def test_needless_work_is_summed_and_not_looked_up() -> None:
    read = with_inputs(["opportunity"], {**kept_views(), **metrics()})
    assert "needless_group" in read and "needless_item" not in read


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, shared_traces: Path) -> Iterator[Study]:
    with Study(tmp_path_factory.mktemp("unread") / "study.duckdb") as study:
        study.ingest(shared_traces / "resnet-ddp-checkpointing-mi300x.json.gz")
        yield study


@pytest.mark.parametrize("name", UNREAD)
def test_without_its_subject_a_metric_reads_no_long_table(name: str, trained: Study) -> None:
    assert len(trained.query(name)) == 0
    scanned = _scanned(trained, name)
    for table in UNREAD[name]:
        count = trained.sql(f"SELECT count(*) AS n FROM {table}")["n"].item()
        # DuckDB hands over 2,048 rows before it asks whether more are wanted
        assert scanned[table] <= 2048 < count, table


def test_a_refused_path_reads_no_operators(trained: Study) -> None:
    (refusal,) = trained.query("critical_path_sum")["path_refusal"]
    assert "2 threads" in refusal
    scanned = _scanned(trained, "critical_path_sum")
    assert scanned["cpu_op"] <= 2048 < len(trained.sql("FROM cpu_op"))


def _scanned(study: Study, name: str) -> Counter[str]:
    """The rows of each table that a query reads."""
    con = study.connection
    created = Created(study.path, metrics())
    source, values = created.source(con, study.relation(name), {})
    rows = con.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) FROM {source}", values).fetchall()
    found = Counter[str]()
    for step in _steps(json.loads(rows[0][1])):
        table = step.get("extra_info", {}).get("Table", "").split(".")[-1].strip('"')
        found[table] += step.get("operator_cardinality", 0)
    return found


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for child in step["children"]:
        yield from _steps(child)
