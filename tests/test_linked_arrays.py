"""The passes that link operators, calls and kernels by ids give the rows of their SQL, also for odd ids."""

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import (
    backward_links,
    numbered,
    numbered_operators,
    operators,
    places,
    scratch_arrays,
    shared_ids,
)
from genscope.analyze.load.attribution import attribute
from genscope.analyze.load.backward_links import fill_backward_links
from genscope.analyze.load.held import Held
from genscope.analyze.load.kernel_launches import fill_kernel_launch
from genscope.analyze.load.tables import attribution_files
from tests.base_rows import insert, new_study
from tests.effort import EFFORT

STATEMENTS = {file.name: file.statement for file in attribution_files()}
LINKED = ("cpu_op_parent", "kernel_launch", "forward_thread", "backward_call", "recomputed_op")
NAMES = (
    *("aten::addmm", "aten::mul", "autograd::engine::evaluate_function: AddmmBackward0"),
    *("MulBackward0", "torch::autograd::AccumulateGrad", "my::op"),
)
# as readers give them, and where both are known, unknown or empty
THREADS = ((("p", "7"), ("p", "8")), (("p", "7"), ("q", "7"), (None, "8"), ("", "9"), ("p", None)))


@pytest.fixture(params=["whole", "in parts"])
def con(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A study whose rows are read as ever, or a few at a time and into files."""
    if request.param == "in parts":
        for module in (scratch_arrays, numbered, numbered_operators, backward_links, operators):
            monkeypatch.setattr(module, "BLOCK", 7)
        monkeypatch.setattr(scratch_arrays, "_SMALL_BYTES", 0)
        monkeypatch.setattr(places, "BATCH", 7)
        monkeypatch.setattr(shared_ids, "_PAGE", 2)
        monkeypatch.setattr(shared_ids, "_IN_PAGE", 3)
    with new_study(tmp_path) as con:
        yield con


def _fill(con: duckdb.DuckDBPyConnection, trace_id: int, kind: int, seed: int) -> None:
    """Operators, calls and kernels at random times, with few different ids; in order of their threads or not."""
    chance = random.Random(seed)
    threads = THREADS[kind]
    ids = (None, *range(-1, 25), 3000)

    def at() -> dict[str, object]:
        process, thread = chance.choice(threads)
        times = {"start_ns": chance.randrange(150), "dur_ns": chance.choice((0, 1, 7, 40, 90))}
        return {"trace_id": trace_id, "process_id": process, "thread_id": thread, **times}

    def shared() -> dict[str, object]:
        return {"external_id": chance.choice(ids), "correlation_id": chance.choice(ids)}

    operators = [
        {
            **at(),
            "external_id": chance.choice(ids),
            "sequence_number": chance.choice((None, -1, *range(8))),
            "forward_thread_id": chance.choice((None, 0, 0, 1, 2, -1)),
            "name": chance.choice(NAMES),
            "signature_id": 1,
        }
        for _ in range(120)
    ]
    if chance.random() < 0.5:
        operators.sort(
            key=lambda op: (
                str(op["process_id"]),
                str(op["thread_id"]),
                op["start_ns"],
                -op["dur_ns"],
                op["external_id"] or 0,
            )
        )
    for number, op in enumerate(operators):
        insert(con, "cpu_op", **op, op_id=number)
    calls = [{**at(), **shared(), "call_id": n, "name": "call"} for n in range(60)]
    for row in calls:
        insert(con, "runtime_call", **row)
    kernels = []
    for number in range(90):
        row = {**at(), **shared(), "kernel_id": number, "device_id": 0, "name": "k"}
        del row["thread_id"]
        row["process_id"] = chance.choice((None, row["process_id"]))
        kernels.append(row)
    for row in kernels:
        insert(con, "kernel", **row)


def _check(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Hold the tables against their SQL; how many rows each has."""
    attribute(con, LINKED)
    counts = {}
    for name in LINKED:
        rows = con.table(name).order("ALL").fetchall()
        assert rows == con.sql(STATEMENTS[name]).order("ALL").fetchall(), name
        counts[name] = len(rows)
    return counts


@pytest.mark.parametrize("seed", range(6 * EFFORT))
@pytest.mark.parametrize("kind", range(len(THREADS)))
def test_links_are_those_of_the_definitions(
    con: duckdb.DuckDBPyConnection, kind: int, seed: int
) -> None:
    _fill(con, 1, kind, 2 * seed)
    _fill(con, 3, kind, 2 * seed + 1)
    counts = _check(con)
    assert counts["kernel_launch"] == 180
    assert counts["forward_thread"] > 0
    sources = {row[0] for row in con.table("kernel_launch").project("source").fetchall()}
    assert sources == {"external_id", "correlation", "nesting", "unlinked"}


def _call(number: int, **changed: object) -> dict[str, object]:
    call = {"trace_id": 1, "call_id": number, "process_id": "p", "thread_id": "7", "name": "call"}
    return {**call, "start_ns": number, "dur_ns": 1, "correlation_id": 5, **changed}


@pytest.mark.parametrize(
    ("calls", "fills"),
    [
        # the last of the calls of one correlation that start before the kernel
        ([_call(1), _call(2), _call(9)], True),
        ([_call(1), _call(2, start_ns=1)], True),
        ([_call(1), _call(2, process_id="q")], True),
        ([_call(number) for number in range(shared_ids._MOST_ALIKE + 1)], False),
        ([_call(1), _call(2, correlation_id=1 << 62)], False),
        ([_call(1), _call(2, process_id="p 7", thread_id=None)], False),
    ],
)
def test_the_sql_runs_where_arrays_would_be_large(
    con: duckdb.DuckDBPyConnection, calls: list[dict[str, object]], fills: bool
) -> None:
    for row in calls:
        insert(con, "runtime_call", **row)
    kernel = {
        "trace_id": 1,
        "kernel_id": 1,
        "device_id": 0,
        "start_ns": 4,
        "dur_ns": 1,
        "name": "k",
    }
    insert(con, "kernel", **kernel | {"correlation_id": 5})
    assert fill_kernel_launch(con, Held()) == fills
    for part in ("kernel_launch_row", "kernel_launch_text"):
        con.execute(f"DELETE FROM {part}")
    _check(con)


def test_backward_links_are_left_to_the_sql_where_threads_read_alike(
    con: duckdb.DuckDBPyConnection,
) -> None:
    op = {"trace_id": 1, "start_ns": 0, "dur_ns": 1, "name": "AddmmBackward0", "signature_id": 1}
    op |= {"sequence_number": 1, "forward_thread_id": 1}
    one, other = {"process_id": "p", "thread_id": "7"}, {"process_id": "p 7", "thread_id": None}
    for number, changed in enumerate((one, other), start=1):
        insert(con, "cpu_op", **op | changed, op_id=number)
    assert not fill_backward_links(con, Held())
    _check(con)
