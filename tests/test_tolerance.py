"""Broken traces through the command line: what is lost is one event at most, and is declared.

Each trace holds an operator, its launch, its kernel and, between, one event with one fault.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.readers.kineto import repair_events
from genscope.analyze.readers.kineto.decode import encode
from genscope.cli import app as cli
from tests.made_once import folder_of_all_workers, made_once
from tests.readers.test_kineto_traps import call, kernel, op

SOUND = [op(0, 50, **{"External id": 1}), call(2), kernel(10, 4)]
ODD = '{"ph": "X", "cat": "cpu_op", "name": "aten::odd", "pid": 9, "tid": 9, "ts": 30, "dur": 2, '
ODD += '"args": {"stream": 3}}'

# name -> what of the event is replaced by what, the anomaly, whether the event is kept
FAULTS: dict[str, tuple[str, str, str, bool]] = {
    "control": ("aten::odd", "aten\x02\n::odd", "control_character", True),
    "escape": ("aten::odd", "C:\\Users\\odd", "bad_escape", True),
    "nan": ('"args": {', '"args": {"bw": NaN, ', "not_a_number", True),
    "infinity": ('"args": {', '"args": {"bw": Infinity, ', "not_a_number", True),
    "minus_nan": ('"args": {', '"args": {"bw": -nan, ', "not_a_number", True),
    "inf": ('"args": {', '"args": {"bw": inf, ', "not_a_number", True),
    "not_available": ('"args": {', '"args": {"bw": N/A, ', "not_a_number", True),
    "beyond_int64": ('"stream": 3', '"stream": 18446744073709551617', "integer_out_of_range", True),
    "fraction": ('"stream": 3', '"stream": 3.5', "wrong_type", True),
    "surrogate": ("aten::odd", "\\ud800 odd", "lone_surrogate", True),
    "nested_surrogate": ('"stream": 3', '"Concrete Inputs": ["\\ud800"]', "lone_surrogate", True),
    "duplicate_key": ('"pid": 9', '"pid": 8, "pid": 9', "duplicate_key", True),
    "both_spellings": ('"stream": 3', '"External id": 4, "external id": 5', "duplicate_key", True),
    "no_time": ('"ts": 30', '"ts": "soon"', "no_timestamp", False),
    "no_end": ('"args": {"stream": 3}}', '"args": {"stream"', "unreadable_event", False),
}
LAYOUTS = ("kineto", "one_line")


def trace(*events: str, compact: bool) -> bytes:
    texts = [json.dumps(event) for event in SOUND]
    texts[1:1] = events
    if compact:
        return f'{{"traceEvents":[{",".join(texts)}]}}'.encode("utf-8", "surrogateescape")
    laid_out = ",\n  ".join("{\n    " + text[1:-1] + "\n  }" for text in texts)
    text = f'{{\n  "schemaVersion": 1,\n  "traceEvents": [\n  {laid_out}\n  ]\n}}'
    return text.encode("utf-8", "surrogateescape")


def ingested(folder: Path, data: bytes, name: str = "t.json") -> duckdb.DuckDBPyConnection:
    (folder / name).write_bytes(data)
    study = folder / "s.duckdb"
    assert cli.main(["ingest", str(folder / name), "--db", str(study)]) == 0
    return duckdb.connect(str(study), read_only=True)


def anomaly(con: duckdb.DuckDBPyConnection, kind: str, name: str = "t") -> tuple[Any, ...]:
    """The only anomaly of this kind in the trace of this name."""
    found = con.execute(
        "SELECT count, byte_offset, example, consequence "
        "FROM anomaly JOIN trace USING (trace_id) WHERE kind = ? AND name = ?",
        [kind, name],
    ).fetchall()
    assert len(found) == 1, con.execute(
        "SELECT name, kind FROM anomaly JOIN trace USING (trace_id)"
    ).fetchall()
    return found[0]


def one(con: duckdb.DuckDBPyConnection, aggregate: str, table: str, name: str) -> Any:
    """An aggregate over the rows that a table has of one trace."""
    ask = f"SELECT {aggregate} FROM {table} JOIN trace USING (trace_id) WHERE trace.name = ?"
    return con.execute(ask, [name]).fetchall()[0][0]


def faulty(fault: str, layout: str) -> bytes:
    old, new, _, _ = FAULTS[fault]
    return trace(ODD.replace(old, new), compact=layout == "one_line")


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A study with one trace for each fault and layout, all loaded by one command."""

    def make(folder: Path) -> None:
        for fault in FAULTS:
            for layout in LAYOUTS:
                (folder / f"{fault}-{layout}.json").write_bytes(faulty(fault, layout))
        # one job builds more of them together
        where = ["--jobs", "1", "--db", str(folder / "s.duckdb")]
        assert cli.main(["ingest", str(folder / "*.json"), *where]) == 0

    folder = made_once(folder_of_all_workers(tmp_path_factory) / "faults", make)
    with duckdb.connect(str(folder / "s.duckdb"), read_only=True) as con:
        yield con


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_fault_costs_at_most_its_event(
    fault: str, layout: str, faults: duckdb.DuckDBPyConnection
) -> None:
    _, _, kind, is_kept = FAULTS[fault]
    name = f"{fault}-{layout}"
    count, offset, example, consequence = anomaly(faults, kind, name)
    ops = one(faults, "count(*)", "cpu_op", name)
    assert one(faults, "sum(dur_ns)", "kernel", name) == 4000
    assert ops == 1 + is_kept
    assert count == 1
    assert consequence
    # the first fault is in the second event, or where that begins
    data = faulty(fault, layout)
    first = data.index(b'"aten::mm"')
    assert first < offset <= data.index(b"cudaLaunchKernel")
    assert example


def test_sound_events_are_left_to_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Any] = []

    def counted(value: Any) -> str:
        checked.append(value)
        return encode(value)

    monkeypatch.setattr(repair_events, "encode", counted)
    others = [json.dumps(op(100 + 2 * number, 1)) for number in range(3000)]
    odd = [ODD.replace(old, new) for old, new, _, _ in FAULTS.values()]
    # one every two hundred events
    for place, event in enumerate(odd):
        others.insert(201 * place, event)
    with ingested(tmp_path, trace(*others, compact=True)) as con:
        kept = sum(is_kept for _, _, _, is_kept in FAULTS.values())
        assert con.execute("SELECT count(*) FROM cpu_op").fetchall() == [(3001 + kept,)]
        kinds = dict(con.execute("SELECT kind, count FROM anomaly").fetchall())
        # a time that isn't a number has the wrong type, too
        expected = Counter(["wrong_type", *(kind for _, _, kind, _ in FAULTS.values())])
        assert {kind: kinds[kind] for kind in expected} == expected
    assert len(odd) - 1 <= len(checked) < 1000


def test_bytes_that_are_no_utf8_cost_nothing(tmp_path: Path) -> None:
    data = trace(ODD, compact=True).replace(b"aten::odd", b"aten::\xff\xfe")
    with ingested(tmp_path, data) as con:
        assert anomaly(con, "invalid_utf8")[0] == 1
        assert con.execute("SELECT count(*) FROM cpu_op").fetchall() == [(2,)]


@pytest.mark.parametrize("compact", [False, True], ids=["kineto", "one_line"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["text", "gzip"])
def test_a_cut_trace_refuses_idle_and_span(
    pack: Any, compact: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = trace(*[ODD.replace("30", str(i)) for i in range(90)], compact=compact)
    cut = pack(data)[:-9] if pack is gzip.compress else data[:-90]
    with ingested(tmp_path, cut, "cut.json.gz") as con:
        assert anomaly(con, "truncated", "cut")[0] == 1
        assert con.execute("SELECT count(*) >= 90 FROM cpu_op").fetchall() == [(True,)]
    capsys.readouterr()
    query = ["query", "gpu_time", "--db", str(tmp_path / "s.duckdb"), "--format", "json"]
    assert cli.main(query) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["gpu_span_ns"] is None and row["gpu_idle_ns"] is None
    assert "cut" in row["idle_refusal"] or "stops" in row["idle_refusal"]
    assert cli.main(["doctor", str(tmp_path / "cut.json.gz")]) == 1
    assert "truncated" in capsys.readouterr().out


def test_one_bad_file_of_several_is_named_and_told_by_the_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.json").write_bytes(trace(compact=True))
    (tmp_path / "bad.json").write_text("hello")
    study = str(tmp_path / "s.duckdb")
    paths = [str(tmp_path / "good.json"), str(tmp_path / "bad.json")]
    assert cli.main(["ingest", *paths, "--db", study]) == 1
    said = capsys.readouterr()
    assert "bad.json" in said.out + said.err
    with duckdb.connect(study, read_only=True) as con:
        assert con.execute("SELECT name FROM trace").fetchall() == [("good",)]
