"""A visitor's SQL runs in a process of its own: bounded, stoppable by its owner alone, and read-only."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from workbench import EVIL, GEMM, LAYERS, STEPS, study_of_all

from genscope.analyze.app import sql_worker
from genscope.analyze.app.sql_workers import Worker, Workers
from genscope.errors import UserError

MINUTES = "SELECT count(*) FROM range(100000000000)"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_of_all(tmp_path_factory)


@pytest.fixture(scope="module")
def worker(study: Path) -> Iterator[Worker]:
    made = Worker(study)
    yield made
    made.close()


@pytest.fixture(scope="module")
def result(study: Path) -> sql_worker.Result:
    return sql_worker.Result(study)


def _asked(result: sql_worker.Result, **request: Any) -> dict[str, Any]:
    head, _ = sql_worker.answer(result, request)
    return head


def test_rows_are_paged_sorted_and_filtered(result: sql_worker.Result) -> None:
    opened = _asked(
        result, do="open", sql="SELECT kernel_id, name, dur_ns FROM kernel WHERE trace_id = 1;"
    )
    count = 3 * LAYERS * STEPS
    assert opened["count"] == count
    assert [column["number"] for column in opened["columns"]] == [True, False, True]
    page = _asked(result, do="page", offset=count - 2, limit=50, sort=[0, True])
    assert [row[0] for row in page["rows"]] == [2, 1] and page["count"] == count
    found = _asked(result, do="page", offset=0, limit=5, filters={"1": "S16816", "2": ">= 20,000"})
    assert found["count"] == LAYERS * STEPS and {row[1] for row in found["rows"]} == {GEMM}
    shown = _asked(result, do="page", offset=0, limit=1, filters={"1": "<img"})["rows"][0][1]
    assert shown == EVIL.replace("\x1b", r"\x1b")
    assert (
        "is not a number"
        in _asked(result, do="page", offset=0, limit=1, filters={"2": "> x"})["error"]
    )
    assert (
        _asked(result, do="page", offset=0, limit=1, filters={"1": "'; DROP TABLE x"})["count"] == 0
    )


def test_a_long_answer_is_looked_at_in_parts(
    result: sql_worker.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_worker, "KEPT_ROWS", 10)
    assert _asked(result, do="open", sql="SELECT range AS a FROM range(5000)")["count"] == 5000
    page = _asked(result, do="page", offset=4000, limit=1, sort=[0, False])
    assert page == {"rows": [[4000]], "count": 5000}
    # a study's few names are compared once each, which a pattern would prevent
    texts = "SELECT kernel_id, name FROM kernel WHERE trace_id = 1"
    count = _asked(result, do="open", sql=texts)["count"]
    assert count > sql_worker.KEPT_ROWS and "regexp" not in result._where({"1": "x"})
    for wanted, found in ((".*", 0), ("s16816", LAYERS * STEPS), ("", count), ("%", 0), ("'", 0)):
        page = _asked(result, do="page", offset=0, limit=1, filters={"1": wanted})
        assert page["count"] == found, wanted
    # the next answer takes its place, whether kept or not
    assert _asked(result, do="open", sql="SELECT 1 AS a, 2 AS a")["count"] == 1


def test_odd_values_reach_the_browser_whole(result: sql_worker.Result) -> None:
    sql = "SELECT 9007199254740993 AS big, 'nan'::DOUBLE AS odd, [1, 2] AS list, NULL AS none, TRUE AS yes"
    opened = _asked(result, do="open", sql=sql)
    row = _asked(result, do="page", offset=0, limit=1)["rows"][0]
    assert row == ["9007199254740993", "nan", "[1, 2]", None, True]
    assert json.dumps(opened)
    _, content = sql_worker.answer(result, {"do": "export", "form": "csv"})
    assert content.decode().splitlines() == [
        "big,odd,list,none,yes",
        '9007199254740993,NaN,"[1,2]",,true',
    ]
    _, content = sql_worker.answer(result, {"do": "export", "form": "parquet"})
    assert pl.read_parquet(io.BytesIO(content))["list"].to_list() == [[1, 2]]
    assert _asked(result, do="open", sql="EXPLAIN SELECT 1")["count"] > 3
    # polars knows no intervals, and panics over them in a list
    _asked(result, do="open", sql="SELECT [INTERVAL 1 DAY] AS days")
    head, _ = sql_worker.answer(result, {"do": "export", "form": "parquet"})
    assert "the column days holds intervals" in head["error"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "COPY kernel TO '/tmp/x.csv'",
        "ATTACH '/tmp/x.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "PRAGMA database_size",
        "DROP TABLE kernel",
        "CREATE TABLE x AS SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1) ; DROP VIEW kernel; SELECT (1",
        "SELECT * FROM query('SELECT 1')",
        "",
    ],
)
def test_what_does_more_than_read_is_refused(result: sql_worker.Result, sql: str) -> None:
    assert _asked(result, do="open", sql=sql)["error"]
    assert _asked(result, do="open", sql="SELECT count(*) FROM kernel")["count"] == 1


def test_memory_and_time_are_bounded(worker: Worker) -> None:
    assert worker.ask({"do": "open", "sql": "FROM gpu_time"}, 30)[0]["count"] == 2
    with pytest.raises(UserError, match="emory"):
        worker.ask({"do": "open", "sql": "SELECT repeat('x', 4000000000)"}, 30)
    with pytest.raises(UserError, match=r"took longer than 0\.3 s"):
        worker.ask({"do": "open", "sql": MINUTES}, 0.3)
    assert worker.ask({"do": "open", "sql": "SELECT 1 AS a"}, 30)[0]["count"] == 1


def test_a_visitor_cancels_its_own_query_only(study: Path) -> None:
    workers = Workers(study)
    mine, errors = workers.of("a" * 32), []

    def ask() -> None:
        try:
            mine.ask({"do": "open", "sql": MINUTES}, 60)
        except UserError as error:
            errors.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    workers.stop("b" * 32)
    thread.join(2)
    assert thread.is_alive() and not errors
    while thread.is_alive():
        # the process may still be starting
        workers.stop("a" * 32)
        thread.join(0.2)
    assert errors == ["the query was stopped: you cancelled it"]
    with pytest.raises(UserError, match="whose query"):
        workers.of("short")
    workers.close()
