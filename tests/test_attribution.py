"""What holds of every attribution, whatever the trace: nothing lost, nothing doubled, no slow join."""

import json
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genscope.analyze.load import narrow
from genscope.analyze.load.attribution import PASSES, attribute
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.tables import (
    attribution_files,
    create_schema,
    table_files,
    trace_tables,
)
from genscope.analyze.sql_file import load_layer
from tests.effort import EFFORT

OPERATORS = (
    *("aten::linear", "aten::addmm", "aten::bmm", "aten::_softmax", "aten::copy_", "my::op"),
    "aten::_scaled_dot_product_flash_attention",
)
KERNELS = ("flash_fwd_kernel", "ampere_sgemm_128x64_tn", "nobody_knows", "softmax_warp_forward")

Rows = dict[str, list[tuple[object, ...]]]

# start and length of ranges on one thread: ties, empty ranges and partial overlaps are all likely
RANGES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 8)), max_size=12)


@pytest.fixture(scope="module")
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        create_schema(con)
        yield con


def _stack_sweep(ranges: list[tuple[int, int]]) -> dict[int, tuple[int | None, int]]:
    """Parent and own time of each range, by a stack: an end closes the range opened last."""
    moments = []
    for number, (start, length) in enumerate(ranges):
        # closings before openings, longer ranges before shorter ones, empty ranges last
        moments.append((start, 1 if length else 2, -length, number))
        if length:
            moments.append((start + length, 0, 0, number))
    parent: dict[int, int | None] = {}
    own = dict.fromkeys(range(len(ranges)), 0)
    stack: list[int] = []
    before = 0
    for at, phase, _, number in sorted(moments):
        if stack:
            own[stack[-1]] += at - before
        before = at
        if phase == 0:
            stack.pop()
            continue
        parent[number] = stack[-1] if stack else None
        if phase == 1:
            stack.append(number)
    return {number: (parent[number], own[number]) for number in parent}


@settings(max_examples=20 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ranges=RANGES)
def test_nesting_agrees_with_a_stack(ranges: list[tuple[int, int]]) -> None:
    (sql,) = [file.statement for file in attribution_files() if file.name == "cpu_op_parent"]
    with duckdb.connect() as con:
        for macro in load_layer("interval"):
            if macro.name == "nesting":
                con.execute(f"CREATE MACRO nesting(source) AS TABLE {macro.statement}")
        rows = [(1, n, "p", "t", start, length, None) for n, (start, length) in enumerate(ranges)]
        con.execute(
            "CREATE TABLE cpu_op (trace_id INT, op_id BIGINT, process_id TEXT, thread_id TEXT, "
            "start_ns BIGINT, dur_ns BIGINT, external_id BIGINT)"
        )
        if rows:
            con.executemany("INSERT INTO cpu_op VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        con.execute(f"CREATE TABLE found AS {sql}")
        found = con.execute("SELECT op_id, parent_op_id, self_ns FROM found").fetchall()
    assert {op: (parent, own) for op, parent, own in found} == _stack_sweep(ranges)
    covered = {moment for start, length in ranges for moment in range(start, start + length)}
    assert sum(own for _, _, own in found) == len(covered)


@st.composite
def _traces(draw: st.DrawFn) -> list[Rows]:
    # planning takes longer than these rows, and all traces share it
    return [_one_trace(draw, number) for number in range(1, 5)]


def _one_trace(draw: st.DrawFn, trace_id: int) -> Rows:
    ids = st.one_of(st.none(), st.integers(-1, 6))
    threads = st.sampled_from(("t", "u"))
    op_names, kernel_names = st.sampled_from(OPERATORS), st.sampled_from(KERNELS)
    streams, processes = st.integers(0, 2), st.sampled_from((None, "p", "q"))
    ahead = st.sampled_from((None, 0, 1))
    shape = st.sampled_from((None, "[[2, 4, 8], [2, 8, 4]]", "[[2, 4, 4], []]", "[[2, 3, 4, 8]]"))
    ops: list[tuple[object, ...]] = [
        (
            trace_id,
            n,
            "p",
            draw(threads),
            *at,
            draw(op_names),
            draw(ids),
            draw(ids),
            draw(ahead),
            draw(shape),
        )
        for n, at in enumerate(draw(RANGES))
    ]
    calls: list[tuple[object, ...]] = [
        (trace_id, n, "p", draw(threads), at[0], 1, "cudaLaunchKernel", draw(ids), draw(ids))
        for n, at in enumerate(draw(RANGES))
    ]
    kernels: list[tuple[object, ...]] = [
        (
            trace_id,
            n,
            0,
            draw(streams),
            draw(processes),
            *at,
            draw(kernel_names),
            draw(ids),
            draw(ids),
        )
        for n, at in enumerate(draw(RANGES))
    ]
    kinds = st.sampled_from(("component", "step", "module", "attention", "python_module", "user"))
    notes: list[tuple[object, ...]] = [
        (trace_id, n, "p", draw(threads), *at, f"a.attn{n}_{n}", draw(kinds), '{"kind": "self"}')
        for n, at in enumerate(draw(RANGES))
    ]
    return {"cpu_op": ops, "runtime_call": calls, "kernel": kernels, "annotation": notes}


COLUMNS = {
    "cpu_op": "trace_id, op_id, process_id, thread_id, start_ns, dur_ns, name, external_id, "
    "sequence_number, forward_thread_id, input_dims",
    "runtime_call": "trace_id, call_id, process_id, thread_id, start_ns, dur_ns, name, "
    "correlation_id, external_id",
    "kernel": "trace_id, kernel_id, device_id, stream_id, process_id, start_ns, dur_ns, name, "
    "correlation_id, external_id",
    "annotation": "trace_id, annotation_id, process_id, thread_id, start_ns, dur_ns, name, kind, "
    "args",
}


def _load(con: duckdb.DuckDBPyConnection, trace_id: int, rows: Rows) -> None:
    con.execute(
        "INSERT INTO trace (trace_id, name, path, digest, format, predicted, resolution_ns, "
        "complete, event_count, repaired_count, skipped_count) "
        "VALUES (?, ?, '', ?, 'kineto', false, 1, true, 0, 0, 0)",
        [trace_id, str(trace_id), str(trace_id)],
    )
    for table, values in rows.items():
        if values:
            names = COLUMNS[table].split(", ")
            frame = polars.DataFrame(values, schema=names, orient="row", infer_schema_length=None)
            con.register("frame", frame.to_arrow())
            number = "dense_rank() OVER (ORDER BY name, input_dims) AS signature_id"
            given = f"*, {number}" if table == "cpu_op" else "*"
            narrow.insert(con, table_files()[table], f"SELECT {given} FROM frame")


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    assert row is not None
    return int(row[0] or 0)


def check_conservation(con: duckdb.DuckDBPyConnection, *, views: bool = True) -> None:
    """Every work item, kernel, operator and attention call once; every Never empty, or those of tables."""
    for name, whole, key in (
        *((name, "work", "work_id") for name in WORK_RELATIONS),
        ("kernel_launch", "kernel", "kernel_id"),
        ("cpu_op_parent", "cpu_op", "op_id"),
    ):
        keys = f"SELECT trace_id, {key} FROM"
        assert _count(con, f"SELECT count(*) FROM {name}") == _count(
            con, f"SELECT count(*) FROM {whole}"
        ), name
        assert not con.execute(f"({keys} {whole}) EXCEPT ({keys} {name})").fetchall(), name
    for relation in attribution_files():
        if relation.never and (views or relation.is_of_traces):
            # with what it reads as expressions, as a study asks, which takes half as long
            asked = replace(relation, statement=relation.never, inputs=(relation.name,))
            found = con.execute(with_views(asked).statement).fetchall()
            assert not found, f"{relation.name}: {relation.never}"
    core = "SELECT sum(dur_ns) FROM work JOIN work_attention USING (trace_id, work_id) WHERE role"
    assert _count(con, f"{core} = 'core'") == _count(con, "SELECT sum(core_ns) FROM attention_call")
    assert _count(con, f"{core} <> 'none'") == _count(
        con, "SELECT sum(module_ns) FROM attention_call"
    )


WORK_RELATIONS = (
    *("work_op", "work_call", "work_annotation", "work_component", "work_step", "work_module"),
    *("work_attention", "work_category", "work_cost"),
)


@settings(max_examples=3 * EFFORT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(traces=_traces())
def test_no_trace_loses_or_doubles_work(
    scratch: duckdb.DuckDBPyConnection, traces: list[Rows]
) -> None:
    try:
        for trace_id, rows in enumerate(traces, start=1):
            _load(scratch, trace_id, rows)
        attribute(scratch)
        check_conservation(scratch)
        for file in attribution_files():
            # code fills these; the SQL is their definition
            if file.name in {name for members in PASSES for name in members}:
                filled = scratch.table(file.name).order("ALL").fetchall()
                assert filled == scratch.sql(file.statement).order("ALL").fetchall()
    finally:
        _empty(scratch)


def _empty(con: duckdb.DuckDBPyConnection) -> None:
    for table in trace_tables():
        con.execute(f"DELETE FROM {table}")


SLOW = {"NESTED_LOOP_JOIN", "BLOCKWISE_NL_JOIN", "PIECEWISE_MERGE_JOIN", "IE_JOIN"}
# both sides are lists of names, rules, shapes, runs or counters: neither grows with the trace
SHORT_LISTS = {
    *("kernel_category", "operator_category", "attention_kind", "device_peak", "signature_cost"),
    *("run_pair", "counter_match", "work_counter"),
    *("expected_product", "operator_pass", "expected_call"),
    # views that read these
    *("product_loss", "lost_work", "lost_sum", "work_item", "opportunity_item"),
    *("opportunity_sum", "work_fact"),
}


def _operators(plan: list[dict[str, object]]) -> set[str]:
    found: set[str] = set()
    for node in plan:
        children = node.get("children")
        inputs = children if isinstance(children, list) else []
        # whether any row of another relation exists is one row
        asks_for_any = any("(#0 = 1)" in str(child.get("extra_info")) for child in inputs)
        # a list of rules is short, and so is that of the names that it is matched with
        if "regexp_matches" not in str(node.get("extra_info")) and not asks_for_any:
            found.add(str(node["name"]).strip())
        found |= _operators(inputs)
    return found


def test_no_join_compares_every_pair(scratch: duckdb.DuckDBPyConnection) -> None:
    try:
        # with enough rows that a plan for few rows is not chosen
        shape = "[[2, 4, 8], [2, 8, 4]]"
        count = 3000
        rows: Rows = {
            "cpu_op": [
                (1, n, "p", "t", n * 10, 9, OPERATORS[n % 7], n, n, n % 2, shape)
                for n in range(count)
            ],
            "runtime_call": [(1, n, "p", "t", n * 10, 1, "x", n, n) for n in range(count)],
            "kernel": [(1, n, 0, 7, None, n * 10, 5, KERNELS[n % 4], n, n) for n in range(count)],
            "annotation": [
                (1, n, "p", "t", n * 10, 5, "a.attn", "module", None) for n in range(count)
            ],
        }
        _load(scratch, 1, rows)
        attribute(scratch)
        # DuckDB may loop where it expects at most 64 rows on one side: that is no growth
        scratch.execute("SET asof_loop_join_threshold = 0")
        for relation in attribution_files():
            if relation.name in SHORT_LISTS or relation.arguments:
                continue
            row = scratch.execute(f"EXPLAIN (FORMAT json) {relation.statement}").fetchone()
            assert row is not None
            slow = _operators(json.loads(row[1])) & SLOW
            assert not slow, f"{relation.name} uses {slow}: it grows with the square of the trace"
    finally:
        scratch.execute("RESET asof_loop_join_threshold")
        _empty(scratch)
