"""The passes over work items give the rows of the SQL files, of few items and of many, whatever a trace holds."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import answered, build, places, scratch_arrays, work_items
from genscope.analyze.load.attribution import PASSES, attribute, reclassify, recompute
from genscope.analyze.load.kept_views import with_views
from genscope.analyze.load.narrow import texts_of
from genscope.analyze.load.tables import attribution_files
from genscope.analyze.load.trace_file import find
from tests.base_rows import insert, new_study
from tests.conftest import shared_traces_folder
from tests.effort import EFFORT
from tests.traces_of_others import attributed_traces, tried

FILES = {file.name: file for file in attribution_files()}
TABLES = [
    name
    for members in PASSES
    if members[0] in {"work_op", "work_category", "work_cost", "work_sum", "work_group"}
    for name in members
]
FOLDER = shared_traces_folder()
TRACES = sorted(tried(FOLDER, of=6) & {*attributed_traces(FOLDER)}) if FOLDER else []

OPERATORS = {
    "aten::mm": "[[4, 8], [8, 4]]",
    "aten::add": "[[4, 8], [4, 8]]",
    "aten::_fused_adamw_": "[[4]]",
    "Optimizer.step#Adam.step": None,
    "autograd::engine::evaluate_function: MmBackward0": None,
    "torch::autograd::AccumulateGrad": None,
    "nccl:all_reduce": "[[4, 8]]",
    "unattributed": None,
    "": None,
}
KERNELS = (
    "gemm",
    "flash_fwd_kernel",
    "ncclDevKernel_AllReduce",
    "vectorized_elementwise",
    "unknown",
)
RANGES = {
    "component": ("encoder", "denoiser"),
    "step": ("0", "1", "not a number"),
    "module": ("encoder.block", "denoiser.attn"),
    "attention": ("denoiser.attn",),
    "python_module": ("Linear_0", "Block_1"),
    "profiler_step": ("ProfilerStep#1", "ProfilerStep#2"),
    "user": ("phase:train", "part", "Optimizer.step#Adam.step"),
}
LABELS = ("denoiser.block", "aten::mm", "genscope:component:decoder", "it's")


@pytest.fixture(params=[0, answered._FEWEST_EACH], ids=["answered", "by statement"])
def con(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A study in which passes fill the tables of work however few items there are, a few at a time."""
    monkeypatch.setattr(answered, "_FEWEST_EACH", request.param)
    monkeypatch.setattr(work_items, "FEWEST", 1)
    monkeypatch.setattr(work_items, "_MOST_COMBINED", 20)
    monkeypatch.setattr(places, "BATCH", 7)
    monkeypatch.setattr(scratch_arrays, "_SMALL_BYTES", 0)
    with new_study(tmp_path) as con:
        yield con


class _Trace:
    """Events at random times of two threads: operators in operators, ranges around them, kernels behind them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, trace_id: int, seed: int) -> None:
        self._con, self._trace_id, self._chance = con, trace_id, random.Random(seed)

    def fill(self, *, kernels: int, predicted: bool = False, since_ns: int = 0) -> None:
        name = f"t{self._trace_id}"
        known = {"predicted": predicted, "resolution_ns": 1, "complete": True, "event_count": 1}
        counts = {"repaired_count": 0, "skipped_count": 0}
        named = {"name": name, "path": name, "digest": name, "format": "kineto"}
        self._add("trace", **named, **known, **counts)
        self._since_ns = since_ns
        for number in range(40):
            self._add_range(number)
        for number in range(80):
            self._add_operator(number)
            self._add_call(number)
        for number in range(kernels):
            self._add_kernel(number)

    def _add(self, table: str, **values: object) -> None:
        insert(self._con, table, trace_id=self._trace_id, **values)

    def _span(self, longest: int) -> Mapping[str, int]:
        lengths = (0, 1, longest // 8, longest)
        start = self._since_ns + self._chance.randrange(1000)
        return {"start_ns": start, "dur_ns": self._chance.choice(lengths)}

    def _host(self) -> Mapping[str, str | None]:
        process = self._chance.choice(("1", "1", "1", None))
        return {"process_id": process, "thread_id": self._chance.choice(("7", "8", None))}

    def _add_range(self, number: int) -> None:
        kind = self._chance.choice([*RANGES])
        named = {"kind": kind, "name": self._chance.choice(RANGES[kind]), "annotation_id": number}
        self._add("annotation", **self._host(), **self._span(400), **named)

    def _add_operator(self, number: int) -> None:
        chance = self._chance
        name = chance.choice([*OPERATORS])
        shapes = {"input_dims": OPERATORS[name], "input_types": '["float", "float"]'}
        links = {
            "external_id": chance.choice((None, number + 1)),
            "sequence_number": chance.choice((None, chance.randrange(20))),
            "forward_thread_id": chance.choice((None, 0, 1)),
        }
        signature = [*OPERATORS].index(name)
        known = {"op_id": number, "name": name, "signature_id": signature}
        self._add("cpu_op", **self._host(), **self._span(200), **known, **shapes, **links)

    def _add_call(self, number: int) -> None:
        known = {"call_id": number, "name": "cudaLaunchKernel", "correlation_id": number + 1}
        self._add("runtime_call", **self._host(), **self._span(20), **known)

    def _add_kernel(self, number: int) -> None:
        chance = self._chance
        known = {
            "kernel_id": number,
            "name": chance.choice(KERNELS),
            "device_id": chance.randrange(2),
            "stream_id": chance.choice((None, 7)),
            "correlation_id": chance.randrange(100),
            "external_id": chance.choice((None, chance.randrange(80))),
            "annotation": chance.choice((None, None, *LABELS)),
            "occupancy_frac": chance.choice((None, 0.5)),
        }
        self._add("kernel", **self._span(60), **known)


def _check(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("work", *TABLES):
        rows = con.table(name).order("ALL").fetchall()
        assert rows == con.sql(with_views(FILES[name]).statement).order("ALL").fetchall(), name
        # each combination once, except where those of kernels and operators are taken as they are
        texts = ", ".join(texts_of(FILES[name]) if name != "work" else ())
        if texts:
            stored, said = con.table(f"{name}_text"), con.table(name)
            assert len(stored) == len(said.project(f"trace_id, {texts}").distinct()), name


@pytest.mark.parametrize("seed", range(2 * EFFORT))
def test_random_traces_get_the_rows_of_the_definitions(
    con: duckdb.DuckDBPyConnection, seed: int
) -> None:
    """Kernels, operators and predicted operators in one study."""
    _Trace(con, 3, seed).fill(kernels=120)
    _Trace(con, 4, seed + 100).fill(kernels=0)
    _Trace(con, 9, seed + 200).fill(kernels=0, predicted=True)
    attribute(con, TABLES)
    _check(con)
    # each of these tells the items apart
    for column, table in (
        ("pass", "work_phase"),
        ("source", "work_call"),
        ("component", "work_component"),
    ):
        assert con.table(table).project(column).distinct().fetchall()[1:], table


def test_kernels_without_operators_and_calls(con: duckdb.DuckDBPyConnection) -> None:
    trace = _Trace(con, 1, 0)
    trace.fill(kernels=30)
    for table in ("cpu_op_row", "runtime_call_row", "annotation"):
        con.execute(f"DELETE FROM {table}")
    attribute(con, TABLES)
    _check(con)
    assert con.table("work_call").project("called_ns").distinct().fetchall() == [(None,)]


def test_all_names_are_one_that_no_statement_can_hold(con: duckdb.DuckDBPyConnection) -> None:
    _Trace(con, 1, 0).fill(kernels=30)
    con.execute("UPDATE cpu_op_text SET name = ?", ["a\0b"])
    con.execute("UPDATE kernel_row SET external_id = 1, annotation = NULL")
    attribute(con, TABLES)
    _check(con)
    assert con.table("work_op").project("op_name").distinct().fetchall() == [("a\0b",)]


def test_late_times(con: duckdb.DuckDBPyConnection) -> None:
    """Sums of such times leave int64 in arrays; moments are only compared."""
    _Trace(con, 1, 1).fill(kernels=40, since_ns=(1 << 62) + 5)
    con.execute(f"UPDATE kernel_row SET dur_ns = {1 << 61} WHERE kernel_id < 9")
    attribute(con, TABLES)
    _check(con)


def test_rules_are_applied_to_filled_tables(con: duckdb.DuckDBPyConnection) -> None:
    """The items are read from the tables then."""
    _Trace(con, 1, 2).fill(kernels=60)
    attribute(con)
    reclassify(con, [(1, "^unknown$", "linear")])
    _check(con)
    said = con.table("work_category").filter("source = 'user_rule'")
    assert said.project("category").distinct().fetchall() == [("linear",)]
    recompute(con, "annotation")
    _check(con)


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.split(".json")[0])
def test_real_traces_get_the_rows_of_the_definitions(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answered, "_FEWEST_EACH", 0)
    monkeypatch.setattr(work_items, "FEWEST", 1)
    found = replace(find([path])[0], trace_id=1, digest="0")
    with connect(str(build.build_trace(found, tmp_path / "scratch").path), read_only=True) as con:
        for name in TABLES:
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE defined AS {with_views(FILES[name]).statement}"
            )
            for one, other in (("temp.defined", name), (name, "temp.defined")):
                asked = f"FROM {one} EXCEPT ALL FROM {other} LIMIT 1"
                assert not con.execute(asked).fetchall(), name
