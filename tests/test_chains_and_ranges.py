"""The passes over kernels in a row and over ranges of the host give the rows that their SQL defines."""

import random
from collections.abc import Iterator

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import scratch_arrays
from genscope.analyze.load.attribution import attribute
from genscope.analyze.load.held import Held
from genscope.analyze.load.host_ranges import fill_host_range
from genscope.analyze.load.kernel_chains import fill_chain_loss
from genscope.analyze.load.tables import attribution_files, create_schema
from tests.base_rows import insert

STATEMENTS = {file.name: file.statement for file in attribution_files()}
FUSIBLE, COPY, PRODUCT = "aten::add", "aten::copy_", "aten::mm"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as con:
        con.execute("SET threads = 1")
        create_schema(con)
        yield con


def _is_defined(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Check a table against its SQL; how many rows it has."""
    found = con.table(table).order("ALL").fetchall()
    assert found == con.sql(STATEMENTS[table]).order("ALL").fetchall()
    return len(found)


@pytest.mark.parametrize("block", [7, scratch_arrays.BLOCK])
@pytest.mark.parametrize("seed", range(4))
def test_chains_are_those_of_the_sql(
    con: duckdb.DuckDBPyConnection, seed: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch_arrays, "BLOCK", block)
    chance = random.Random(seed)
    for trace_id in (1, 2):
        groups = [
            (name, shape) for name in (FUSIBLE, COPY, PRODUCT) for shape in ("4, 8", "4, 9, 2")
        ]
        insert(con, "operator_category", trace_id=trace_id, name=FUSIBLE, category="elementwise")
        for first, (op_name, shape) in enumerate(groups, start=1):
            insert(
                con, "work_group", trace_id=trace_id, first_work_id=first, name="k", op_name=op_name,
                input_dims=f"[[{shape}], []]", has_operator=True, role="none",
            )  # fmt: skip
        for number in range(1, 200):
            # mostly the same few kernels in a row, on streams that take turns
            group = (
                number % len(groups) + 1
                if number <= len(groups)
                else chance.choice((1, 1, 1, 3, 5))
            )
            long_ns = chance.choice((0, 1, 7, 1 << 40))
            work = {"trace_id": trace_id, "work_id": number, "dur_ns": long_ns}
            insert(
                con, "work", **work, time_source="gpu", device_id=0, kernel_id=number, name="k",
                stream_id=chance.choice((7, 7, 7, 8, None)), start_ns=chance.randrange(300),
            )  # fmt: skip
            step = chance.choice((None, 1, 2))
            insert(con, "grouped_work", **work, first_work_id=min(group, number), step=step)
    assert fill_chain_loss(con)
    assert _is_defined(con, "chain_loss") > 20


def test_kernels_too_long_to_add_up_are_left_to_the_sql(con: duckdb.DuckDBPyConnection) -> None:
    insert(con, "operator_category", trace_id=1, name=FUSIBLE, category="elementwise")
    insert(
        con, "work_group", trace_id=1, first_work_id=1, name="k", op_name=FUSIBLE,
        input_dims="[[4, 8]]", has_operator=True, role="none",
    )  # fmt: skip
    for number in range(1, 4):
        work = {"trace_id": 1, "work_id": number, "dur_ns": 1 << 62}
        insert(
            con, "work", **work, time_source="gpu", device_id=0, stream_id=7, start_ns=number,
            kernel_id=number, name="k",
        )  # fmt: skip
        insert(con, "grouped_work", **work, first_work_id=1)
    assert not fill_chain_loss(con)
    assert not con.table("chain_loss").fetchall()


@pytest.mark.parametrize("seed", range(4))
def test_ranges_are_those_of_the_sql(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    chance = random.Random(seed)
    for trace_id in (1, 2, 3):
        insert(
            con, "trace", trace_id=trace_id, name=str(trace_id), path="t", digest=str(trace_id), format="kineto",
            predicted=trace_id == 3, resolution_ns=1, complete=True, event_count=1, repaired_count=0,
            skipped_count=0,
        )  # fmt: skip
        for number in range(60):
            process = chance.choice(("p", "q", None))
            start, dur = chance.randrange(400), chance.choice((0, 1, 9, 30))
            at = {"trace_id": trace_id, "process_id": process, "start_ns": start, "dur_ns": dur}
            name = chance.choice(("aten::add", "Optimizer.step", "ProfilerStep#1"))
            insert(con, "cpu_op", **at, op_id=number, signature_id=1, thread_id="1", name=name)
            depth = chance.choice((0, 0, 1))
            insert(
                con, "cpu_op_parent", trace_id=trace_id, op_id=number, depth=depth,
                root_op_id=number if depth == 0 else number // 2, end_ns=start + dur,
            )  # fmt: skip
            process = chance.choice(("p", "q", "r", None))
            at |= {"process_id": process, "start_ns": chance.randrange(400)}
            insert(con, "runtime_call", **at, call_id=number, thread_id="1", name="call")
            if number % 4 == 0:
                kind = chance.choice(("explicit", "copy", "free"))
                insert(con, "waiting_call", trace_id=trace_id, call_id=number, kind=kind)
            at |= {"start_ns": chance.randrange(400), "dur_ns": chance.choice((0, 5, 60))}
            kind = chance.choice(("user", "step", "profiler_step", "component", "module"))
            name = chance.choice(("phase:train", "load#3", "#", "load", "unet"))
            insert(
                con, "annotation", **at, annotation_id=number, thread_id="1", kind=kind, name=name
            )
    assert fill_host_range(con, Held())
    assert _is_defined(con, "host_range") > 8


def test_ranges_are_left_to_the_sql_where_threads_read_alike(
    con: duckdb.DuckDBPyConnection,
) -> None:
    insert(
        con, "trace", trace_id=1, name="t", path="t", digest="t", format="kineto", predicted=False,
        resolution_ns=1, complete=True, event_count=1, repaired_count=0, skipped_count=0,
    )  # fmt: skip
    for number, (process, thread) in enumerate((("p", None), (None, "p")), start=1):
        times = {"start_ns": 10 * number, "dur_ns": 10}
        of_host = {"trace_id": 1, "process_id": process, "thread_id": thread, **times}
        insert(con, "cpu_op", **of_host, op_id=number, signature_id=1, name="aten::add")
        insert(
            con, "cpu_op_parent", trace_id=1, op_id=number, depth=0, root_op_id=number, end_ns=10 * number + 10
        )  # fmt: skip
    insert(
        con, "annotation", trace_id=1, annotation_id=1, process_id="p", thread_id="1", start_ns=0, dur_ns=100,
        kind="user", name="load",
    )  # fmt: skip
    attribute(con, {"host_range"})
    assert _is_defined(con, "host_range") == 1
    assert con.table("host_range").project("covered_ns").fetchall() == [(10,)]
