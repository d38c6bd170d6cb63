"""The passes that put a Kineto trace's events in order give the rows of their SQL files, whatever a trace holds."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.connect import connect
from genscope.analyze.load import build, event_tables, ordered_events, scratch_arrays, sweep
from genscope.analyze.load.trace_file import find
from tests.conftest import shared_traces_folder
from tests.effort import EFFORT
from tests.traces_of_others import attributed_traces, tried

TABLES = ("cpu_op", "runtime_call", "kernel", "anomaly", "annotation", "collective")
NEVER = 1 << 60
FOLDER = shared_traces_folder()
TRACES = sorted(tried(FOLDER, of=6) & {*attributed_traces(FOLDER)}) if FOLDER else []

Event = dict[str, Any]
PROCESSES = ((1, 7), (1, 8), (2, 7), ("[TP00] 1", "a"), ("", 0))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that passes have filled; those run however few events there are, a few events at a time."""
    done: list[str] = []

    def noted(run: Callable[..., dict[str, int]]) -> Callable[..., dict[str, int]]:
        def fill(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
            counts = run(con)
            done.extend(counts)
            return counts

        return fill

    known = {members: noted(run) for members, run in event_tables.PASSES.items()}
    monkeypatch.setattr(event_tables, "PASSES", known)
    for module in (scratch_arrays, sweep, ordered_events):
        monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr(ordered_events, "BATCH", 11)
    return done


def _check(path: Path, tmp_path: Path, *keep: str) -> dict[str, int]:
    """Hold the tables of a trace against those by statements; how many rows each has."""
    found = replace(find([path])[0], trace_id=3, digest="0")
    both = []
    for fewest in (1, NEVER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(event_tables, "FEWEST", fewest)
            folder = tmp_path / str(fewest)
            built = build.build_trace(found, folder, keep=keep, wanted=())
        with connect(str(built.path), read_only=True) as con:
            both.append({name: con.table(name).order("ALL").fetchall() for name in TABLES})
    by_pass, by_statement = both
    for name in TABLES:
        assert by_pass[name] == by_statement[name], name
    return {name: len(rows) for name, rows in by_pass.items()}


def _written(tmp_path: Path, events: list[Event]) -> Path:
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    return path


class _Trace:
    """Events at few moments, so that many start together. What is not compared depends on what is."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def _event(self, cat: str, name: str, args: Event, **more: Any) -> Event:
        chance = self._chance
        spans = {
            "ts": chance.choice((0, 1, 2.5, 2.501, 70, 71, 300)),
            "dur": chance.choice((0, 1, 80)),
        }
        if chance.random() < 0.1:
            del spans[chance.choice(("ts", "dur"))]
        elif chance.random() < 0.05:
            spans["dur"] = -4
        known = {key: value for key, value in args.items() if value is not None}
        return {"ph": "X", "cat": cat, "name": name, **spans, **more, "args": known}

    def operator(self) -> Event:
        chance = self._chance
        label = "genscope:component:encoder"
        name = chance.choice(("aten::mm", "aten::mm", "aten::add", "Compiled", label))
        process, thread = chance.choice(PROCESSES)
        number = chance.choice((None, None, 0, 1, 2))
        more = {"Sequence number": number or None, "Fwd thread id": 1 if number else None}
        dims = chance.choice((None, [[2, 3]]))
        args = {"External id": number, "Input Dims": dims, **more}
        cat = chance.choice(("cpu_op", "cpu_op", "Operator", "user_annotation"))
        return self._event(cat, name, args, pid=process, tid=thread)

    def call(self) -> Event:
        process, thread = self._chance.choice(PROCESSES)
        number = self._chance.choice((None, 0, 1, 2, -1))
        name = self._chance.choice(("cudaLaunchKernel", "cudaMemcpyAsync"))
        args = {"correlation": number, "External id": 3 if number == 1 else None}
        cat = self._chance.choice(("cuda_runtime", "cuda_driver"))
        return self._event(cat, name, args, pid=process, tid=thread)

    def kernel(self) -> Event:
        chance = self._chance
        device, stream = chance.choice((0, 0, 1)), chance.choice((None, 0, 7, 7, 20))
        number = chance.choice((None, -1, 0, 1, 2))
        args = {"device": device, "stream": stream, "correlation": number}
        args |= {"graph node id": chance.choice((None, 0, 5)), "registers per thread": 32}
        name = chance.choice(("gemm", "add"))
        args |= {"str": "named"} if name == "add" else {}
        return self._event("kernel", name, args, pid=device, tid=stream or 0)

    def events(self, count: int) -> list[Event]:
        makers = (self.operator, self.operator, self.call, self.kernel)
        events = [self._chance.choice(makers)() for _ in range(count)]
        # some are written twice, one after the other or far away
        events += [self._chance.choice(events) for _ in range(count // 4)]
        if self._chance.random() < 0.5:
            events.sort(key=lambda event: float(event.get("ts", 0)))
        return events


@pytest.mark.parametrize("seed", range(8 * EFFORT))
def test_random_traces_get_the_rows_of_the_definitions(
    seed: int, tmp_path: Path, passes: list[str]
) -> None:
    trace = _Trace(seed)
    counts = _check(_written(tmp_path, trace.events(240)), tmp_path)
    assert set(passes) == {name for members in event_tables.PASSES for name in members}
    assert min(counts["cpu_op"], counts["runtime_call"], counts["kernel"]) > 20


@pytest.mark.parametrize("keep", ["python", "args"])
def test_other_events_and_arguments_change_nothing(
    keep: str, tmp_path: Path, passes: list[str]
) -> None:
    frames = [
        {"ph": "X", "cat": "python_function", "name": "f", "pid": 1, "tid": 7, "ts": ts, "dur": 9}
        for ts in range(40)
    ]
    _check(_written(tmp_path, [*_Trace(0).events(90), *frames]), tmp_path, keep)
    assert "cpu_op_row" in passes


def test_a_trace_without_kernels_or_without_operators(tmp_path: Path, passes: list[str]) -> None:
    trace = _Trace(5)
    for number, make in enumerate((trace.operator, trace.kernel)):
        folder = tmp_path / str(number)
        folder.mkdir()
        counts = _check(_written(folder, [make() for _ in range(60)]), folder)
        assert not counts["runtime_call"]
    assert passes == ["cpu_op_row", "kineto_op_overlap", "kernel_row", "kineto_kernel_overlap"]


@pytest.mark.parametrize(
    ("cat", "odd"),
    [
        # what stands for NULL, times whose sums leave int64, and a stream with a long number
        ("cpu_op", {"args": {"External id": -(1 << 63)}}),
        ("cpu_op", {"ts": 4e15}),
        ("kernel", {"args": {"device": 0, "stream": 1 << 40}}),
        ("kernel", {"args": {"device": 1 << 20, "stream": 7}}),
        ("kernel", {"args": {"device": 0, "stream": ordered_events._NO_STREAM}}),
    ],
)
def test_the_statement_runs_where_arrays_have_no_place_for_a_value(
    cat: str, odd: Event, tmp_path: Path, passes: list[str]
) -> None:
    event = {
        "ph": "X",
        "cat": cat,
        "name": "odd",
        "pid": 1,
        "tid": 7,
        "ts": 1,
        "dur": 2,
        "args": {},
    }
    counts = _check(_written(tmp_path, [*_Trace(1).events(120), {**event, **odd}]), tmp_path)
    table = {"cpu_op": "cpu_op_row", "kernel": "kernel_row"}[cat]
    assert counts[cat] and table not in passes and "runtime_call_row" in passes


def test_little_memory_is_tried_again(
    tmp_path: Path, passes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were inserted before memory ended are not there twice."""
    find_of = event_tables._Filling.insert_found
    failed: list[str] = []

    def insert_found(filling: event_tables._Filling, table: str) -> int:
        count = find_of(filling, table)
        if table not in failed:
            failed.append(table)
            raise duckdb.OutOfMemoryException("a test")
        return count

    monkeypatch.setattr(event_tables._Filling, "insert_found", insert_found)
    _check(_written(tmp_path, _Trace(2).events(200)), tmp_path)
    assert sorted(failed) == ["kineto_kernel_overlap", "kineto_op_overlap"]
    assert len(passes) == 5


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.split(".json")[0])
def test_real_traces_get_the_rows_of_the_definitions(path: Path, tmp_path: Path) -> None:
    if path.suffix == ".gz":
        _check(path, tmp_path)
