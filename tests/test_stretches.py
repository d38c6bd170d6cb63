"""The passes that fill tables stretch by stretch of time give the rows of their SQL, however short stretches are."""

import random

import duckdb
import numpy as np
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import (
    launch_queues,
    launched,
    numbered,
    operators,
    places,
    scratch_arrays,
    sweep,
)
from genscope.analyze.load.attribution import PASSES, attribute
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.tables import attribution_files, create_schema
from tests.base_rows import insert
from tests.effort import EFFORT

COUNT = 150
PASSED = [name for members in PASSES for name in members]
CALLS = ("cudaLaunchKernel", "cudaGraphLaunch", "cudaMemcpy", "cudaDeviceSynchronize", "cudaFree")
OPERATORS = ("aten::mm", "aten::add", "ProfilerStep#1", "enumerate(DataLoader)#_")
NAMES = ("ncclDevKernel_AllReduce", "gemm", "softmax")


@pytest.fixture(params=[0, scratch_arrays._SMALL_BYTES])
def con(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> duckdb.DuckDBPyConnection:
    """A study whose traces are read a few events at a time, into files or not."""
    for module in (scratch_arrays, sweep, launched, launch_queues, numbered, operators):
        monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr(places, "BATCH", 7)
    monkeypatch.setattr(scratch_arrays, "_SMALL_BYTES", request.param)
    con = connect()
    con.execute("SET threads = 1")
    create_schema(con)
    return con


def _fill(con: duckdb.DuckDBPyConnection, trace_id: int, form: str, seed: int) -> None:
    """Calls, operators, kernels and copies at random times, of two threads, devices and streams."""
    chance = random.Random(seed)
    known = {"predicted": False, "resolution_ns": 1, "complete": True, "event_count": 1, "rank": 0}
    name = {"name": f"t{trace_id}", "path": f"t{trace_id}", "digest": f"t{trace_id}"}
    counts = {"repaired_count": 0, "skipped_count": 0}
    insert(con, "trace", trace_id=trace_id, format=form, **name, **known, **counts)

    def span(longest: int) -> dict[str, int]:
        lengths = (0, 1, longest // 8, longest)
        return {"start_ns": chance.randrange(2000), "dur_ns": chance.choice(lengths)}

    for step in range(4):
        where = {"trace_id": trace_id, "process_id": "1", "thread_id": "7"}
        at = {"annotation_id": step, "kind": "profiler_step", "name": f"ProfilerStep#{step}"}
        insert(con, "annotation", **where, **at, start_ns=400 * step, dur_ns=400)
    for number in range(COUNT):
        process = {"trace_id": trace_id, "process_id": chance.choice(("1", "2"))}
        host = {**process, "thread_id": chance.choice(("7", "8"))}
        signature = chance.randrange(len(OPERATORS))
        op = {"op_id": number, "name": OPERATORS[signature], "external_id": number + 1}
        op |= {"signature_id": signature, "input_dims": "[[2,3],[3,4]]"}
        op |= {
            "sequence_number": chance.randrange(9),
            "forward_thread_id": chance.choice((0, 0, 1)),
        }
        insert(con, "cpu_op", **host, **span(200), **op)
        call = {"call_id": number, "name": chance.choice(CALLS), "correlation_id": number + 1}
        insert(con, "runtime_call", **host, **span(40), **call)
        # several events of some calls, and none of others
        device = {
            **process,
            **span(60),
            "device_id": chance.randrange(2) if form == "nsys" else 0,
            "stream_id": chance.choice((None, 1, 2)),
            "correlation_id": chance.randrange(COUNT),
        }
        if chance.random() < 0.7:
            of = {"name": chance.choice(NAMES), "external_id": chance.randrange(COUNT)}
            insert(con, "kernel", **device, **of, kernel_id=number)
        else:
            kind = {"kind": chance.choice(("HtoD", "memset", "DtoD")), "host_memory": "pageable"}
            insert(con, "gpu_copy", **device, **kind, copy_id=number, size_bytes=8, name="copy")


@pytest.mark.parametrize("seed", range(2 * EFFORT))
def test_short_stretches_give_the_rows_of_the_definitions(
    con: duckdb.DuckDBPyConnection, seed: int
) -> None:
    _fill(con, 1, "kineto", seed)
    _fill(con, 2, "nsys", seed + 100)
    attribute(con, PASSED)
    files = {file.name: file for file in attribution_files()}
    for name in PASSED:
        rows = con.table(name).order("ALL").fetchall()
        assert rows == con.sql(with_views(files[name]).statement).order("ALL").fetchall(), name
        # random kernels make few chains; test_chains_and_ranges makes many
        assert rows or name == "chain_loss", name


def test_memory_of_arrays_is_given_back_once_it_is_much(con: duckdb.DuckDBPyConnection) -> None:
    scratch = scratch_arrays.Scratch(con)
    held = scratch_arrays._file_bytes
    if held() is None:
        pytest.skip("only Linux says what is in memory")
    values = scratch.new(8 << 20, 0, np.int64)
    scratch.release()
    # a value on each page
    values[::512] = 7
    before = held()
    scratch.release_some()
    assert before - held() > values.nbytes // 2
    assert (values[::512] == 7).all()
    assert not values[1::512].any()


def test_memory_is_given_back_where_the_system_does_not_say_how_much_it_is(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapped = scratch_arrays._Mapped()
    released: list[int] = []
    monkeypatch.setattr(scratch_arrays, "_MAPPED", mapped)
    monkeypatch.setattr(scratch_arrays, "_file_bytes", lambda: None)
    monkeypatch.setattr(scratch_arrays, "_MOST_HELD_BYTES", 3 * 7 * 8)
    monkeypatch.setattr(mapped, "release", lambda: released.append(0))
    scratch = scratch_arrays.Scratch(con)
    values = scratch.new(1 << 20, 0, np.int64)
    for _ in range(3):
        scratch.release_some()
    assert not released
    scratch.release_some()
    assert released
    assert not values.any()
