"""The pass over waits gives the rows that its SQL defines: operators that nest, processes, frames."""

import random

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import attribution
from genscope.analyze.load.attribution import attribute
from genscope.analyze.load.held import Held
from genscope.analyze.load.host_waits import fill_host_wait
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.tables import attribution_files, create_schema
from tests.base_rows import insert

HOST_WAIT = next(file for file in attribution_files() if file.name == "host_wait")


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = connect()
    con.execute("SET threads = 1")
    create_schema(con)
    return con


def _trace(con: duckdb.DuckDBPyConnection, trace_id: int, form: str) -> None:
    insert(
        con,
        "trace",
        trace_id=trace_id,
        name=f"t{trace_id}",
        path=f"t{trace_id}",
        digest=f"t{trace_id}",
        format=form,
        predicted=False,
        resolution_ns=1,
        complete=True,
        event_count=1,
        repaired_count=0,
        skipped_count=0,
    )


def _fill(con: duckdb.DuckDBPyConnection, trace_id: int, form: str, seed: int) -> None:
    """Operators and waits of two threads and processes at random times, some without length or equal."""
    chance = random.Random(seed)
    _trace(con, trace_id, form)
    for number in range(120):
        process, thread = chance.choice(("1", "2", None)), chance.choice(("7", "8"))
        where = {"trace_id": trace_id, "process_id": process}
        start = {"start_ns": chance.randrange(200)}
        insert(
            con,
            "cpu_op",
            **where,
            **start,
            op_id=number,
            thread_id=thread,
            name=f"op{number}",
            signature_id=number,
            dur_ns=chance.choice((0, 1, 5, 20, 60)),
        )
        insert(
            con,
            "runtime_call",
            **where,
            call_id=number,
            thread_id=thread,
            dur_ns=chance.randrange(9),
            start_ns=chance.randrange(250),
            name=chance.choice(("cudaDeviceSynchronize", "cudaEventQuery", "cudaLaunchKernel")),
        )
        insert(
            con,
            "kernel",
            **where,
            **start,
            kernel_id=number,
            device_id=chance.randrange(3),
            stream_id=1,
            name="k",
            dur_ns=chance.randrange(4),
        )


@pytest.mark.parametrize("seed", range(5))
def test_the_pass_gives_the_rows_of_the_definition(
    con: duckdb.DuckDBPyConnection, seed: int
) -> None:
    _fill(con, 1, "kineto", seed)
    _fill(con, 2, "nsys", seed + 100)
    attribute(con, {"host_wait"})
    rows = con.table("host_wait").order("ALL").fetchall()
    assert rows == con.sql(with_views(HOST_WAIT).statement).order("ALL").fetchall()
    assert any(row[10] is not None for row in rows)
    assert any(0 < row[8] < row[7] for row in rows)


def test_a_pass_for_which_memory_ends_is_done_again(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more memory, and without the rows of the first time."""
    limits: list[str] = []

    def fill(cursor: duckdb.DuckDBPyConnection, held: Held) -> bool:
        done = fill_host_wait(cursor, held)
        limits.append(cursor.sql("SELECT current_setting('memory_limit')").fetchall()[0][0])
        if len(limits) < 3:
            raise duckdb.OutOfMemoryException("could not allocate block")
        return done

    monkeypatch.setitem(attribution.PASSES, ("host_wait",), fill)
    con.execute("SET memory_limit = '100MB'")
    _fill(con, 1, "kineto", 0)
    attribute(con, {"host_wait"})
    rows = con.table("host_wait").order("ALL").fetchall()
    assert rows and rows == con.sql(with_views(HOST_WAIT).statement).order("ALL").fetchall()
    # 100 MB twice, as another statement may have used them up, then 512 MB
    assert [limit.split(".")[0] for limit in limits] == ["95", "95", "488"]


def test_frames_are_left_to_the_definition(con: duckdb.DuckDBPyConnection) -> None:
    _trace(con, 1, "kineto")
    where = {"trace_id": 1, "process_id": "1", "thread_id": "7"}
    insert(
        con,
        "runtime_call",
        **where,
        call_id=1,
        start_ns=5,
        dur_ns=2,
        name="cudaDeviceSynchronize",
    )
    insert(con, "python_call", **where, call_id=3, start_ns=0, dur_ns=9, name="train.py(4): step")
    attribute(con, {"host_wait"})
    assert con.table("host_wait").project("python_frame").fetchall() == [("train.py(4): step",)]
    con.execute("DELETE FROM host_wait")
    assert not fill_host_wait(con, Held())
    assert con.table("host_wait").fetchall() == []


def test_a_trace_without_waits_has_no_rows(con: duckdb.DuckDBPyConnection) -> None:
    assert fill_host_wait(con, Held())
    assert con.table("host_wait").fetchall() == []
