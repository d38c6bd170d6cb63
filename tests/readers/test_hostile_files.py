"""Files that try the reader: nested too deep, piled too high, no files at all, names of any text."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.load import trace_file
from genscope.analyze.load.ingest import ingest
from genscope.analyze.readers.kineto.read import rank_of
from genscope.analyze.readers.ncu.pages import Anomalies, read_cells
from genscope.analyze.study import Study
from genscope.cli.doctor import examine_and_print
from genscope.errors import UserError
from tests.readers.conftest import Load
from tests.readers.test_kineto_traps import kernel, op

GOOD = json.dumps(kernel())
DEEP = "[" * 2000 + "]" * 2000


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f'{{"traceEvents": [{GOOD[:-2]}, "x": {DEEP}}}}}]}}',
        f'{{"traceEvents": [{GOOD}, {DEEP}]}}',
        f'{{"x": {DEEP}, "traceEvents": [{GOOD}]}}',
        f'{{"traceEvents": [{GOOD}], "distributedInfo": {DEEP}}}',
        f'{{"traceEvents": [{GOOD[:-2]}, "x": {DEEP[:2000]}',
    ],
    ids=["args", "event", "before", "after", "cut"],
)
def test_deep_json_fails_its_file_alone(text: str, tmp_path: Path) -> None:
    good, bad = written(tmp_path / "good.json", f"[{GOOD}]"), written(tmp_path / "bad.json", text)
    failed, loaded = ingest(tmp_path / "s.duckdb", [bad, good])
    assert (failed.status, loaded.status) == ("failed", "loaded")
    assert failed.error is not None and "nested too deep" in failed.error
    assert str(bad) in failed.error and "\n" not in failed.error


def test_a_manifest_that_cannot_be_read_costs_nothing_but_itself(tmp_path: Path) -> None:
    good = written(tmp_path / "good.json", f"[{GOOD}]")
    for number, manifest in enumerate([f'{{"x": {DEEP}}}', "{", "[]"], start=1):
        written(tmp_path / f"run-{number}/trace.json", f"[{GOOD}{' ' * number}]")
        written(tmp_path / f"run-{number}/manifest.json", manifest)
    runs = sorted(tmp_path.glob("run-*"))
    loaded = ingest(tmp_path / "s.duckdb", [*runs, good])
    assert [result.status for result in loaded] == ["loaded"] * 4
    with Study(tmp_path / "s.duckdb") as study:
        odd = study.sql("SELECT trace_id, kind FROM anomaly WHERE kind = 'odd_manifest_value'")
    assert sorted(odd.rows()) == [(number, "odd_manifest_value") for number in (1, 2, 3)]


@pytest.mark.parametrize("count", [3000, 70_000])
def test_operators_that_all_run_at_once(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genscope.analyze.load.operator_nesting._DEPTH", 2)
    monkeypatch.setattr("genscope.analyze.load.operator_nesting._DEEPEST", 4096)
    events = ",".join(
        f'{{"ph":"X","cat":"cpu_op","name":"o","ts":{i},"dur":{200_000 - i}}}' for i in range(count)
    )
    path = written(tmp_path / "piled.json", f"[{events}]")
    if count > 4096:
        with pytest.raises(UserError, match=r"piled\.json: more than 4,096 operators"):
            ingest(tmp_path / "s.duckdb", [path])
        return
    ingest(tmp_path / "s.duckdb", [path])
    with Study(tmp_path / "s.duckdb") as study:
        found = study.connection.execute(
            "SELECT max(depth), count(*) FROM cpu_op_parent"
        ).fetchall()
    assert found == [(count - 1, count)]


def test_what_is_no_file_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    good = written(folder / "good.json", f"[{GOOD}]")
    os.mkfifo(folder / "pipe.json")
    (folder / "zero.json").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    (folder / "self.json").symlink_to(folder / "self.json")
    (folder / "gone.json").symlink_to(tmp_path / "nowhere.json")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(folder)
        server.bind("socket.json")
        found = {trace.path.name: trace.refusal for trace in trace_file.find([folder])}
    assert found.keys() == {"good.json", "self.json", "nowhere.json"}
    assert "a link to itself" in found["self.json"]
    results = ingest(tmp_path / "s.duckdb", [folder])
    assert {r.path.name for r in results if r.status == "loaded"} == {good.name}
    assert all(r.error and "\n" not in r.error for r in results if r.status == "failed")


def test_a_folder_that_cannot_be_listed_concerns_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "runs/good.json", f"[{GOOD}]")
    closed = tmp_path / "runs/closed"
    closed.mkdir()
    listed = Path.iterdir

    def iterdir(self: Path) -> Any:
        if self == closed:
            raise PermissionError(13, "Permission denied", str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    failed, loaded = ingest(tmp_path / "s.duckdb", [tmp_path / "runs"])
    assert (failed.status, loaded.status) == ("failed", "loaded")
    assert failed.error is not None and "Permission denied" in failed.error


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("rank3.json", 3),
        ("rank_3.json", 3),
        ("a-rank-3.json.gz", 3),
        ("r3of8.json", 3),
        ("dlrm-rank3of8-a100.json", 3),
        ("9-TP-3-DP-1.trace.json.gz", 3),
        ("http2-ddp4.json", None),
        ("x-tp8.json", None),
        ("x-TP-8.json", None),
        ("lora_rank16.json", None),
        ("local_rank_1.json", None),
        ("rank0-against-rank1.json", None),
        ("rank2vec.json", None),
    ],
)
def test_only_a_certain_rank_is_read_of_a_name(name: str, rank: int | None) -> None:
    assert rank_of(Path(name), {}) == (rank, None)
    assert rank_of(Path(name), {"rank": 7, "world_size": 8}) == (7, 8)
    assert rank_of(Path(name), {"world_size": 2}) == (None, 2)


def test_a_long_field_of_a_csv_is_read() -> None:
    name = "k<" + "int, " * 40_000 + ">"
    lines = ['"ID","Kernel Name","gpu__time_duration.sum"', '"","","ns"', f'"0","{name}","7"']
    (cell,) = read_cells(lines, Anomalies())
    assert (cell.about["Kernel Name"], cell.text) == (name, "7")


def test_a_run_folder_is_repaired_by_its_one_trace(tmp_path: Path) -> None:
    written(tmp_path / "run/trace.json", f"[{GOOD}, ]")
    written(tmp_path / "run/manifest.json", "{}")
    assert examine_and_print([tmp_path / "run"], "table", tmp_path / "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text())["traceEvents"] == [kernel()]
    written(tmp_path / "run/second.json", f"[{GOOD}]")
    with pytest.raises(UserError, match="there are 2"):
        examine_and_print([tmp_path / "run"], "table", tmp_path / "two.json")
    with pytest.raises(UserError, match="gone"):
        examine_and_print([tmp_path / "gone"], "table", tmp_path / "two.json")


@pytest.mark.parametrize(
    "name", ["a\0b", "\x1b[2J\x07", "\ud800 x", "\u2028", "\ufeff", '"; --', ""]
)
def test_a_name_may_be_any_text(name: str, tmp_path: Path, load: Load) -> None:
    events = [
        kernel(name=name),
        op(name=name),
        op(9, 5, f"component:{name}", cat="user_annotation"),
    ]
    keys = {"deviceProperties": [{"id": 0, "name": name}], "genscope": {"profiler": name}}
    path = written(tmp_path / "t.json", json.dumps({**keys, "traceEvents": events}))
    kept = name.replace("\ud800", "\ufffd")
    con = load(path)
    assert con.execute("SELECT name FROM kernel UNION ALL SELECT name FROM cpu_op").fetchall() == [
        (kept,),
        (kept,),
    ]
    assert con.execute("SELECT name FROM device").fetchall() == [(kept or None,)]


def test_names_of_a_megabyte_are_kept_whole(tmp_path: Path) -> None:
    name = "ampere_sgemm_128x64_tn<" + "std::integral_constant<int, 3>, " * 31_000 + ">"
    path = written(tmp_path / "t.json", json.dumps([kernel(name=name), op(name=name)]))
    ingest(tmp_path / "s.duckdb", [path])
    with Study(tmp_path / "s.duckdb") as study:
        (row,) = study.query("kernel_summary").iter_rows(named=True)
        found = study.connection.execute("SELECT category FROM kernel_category").fetchall()
    assert row["kernel_name"] == name
    assert found == [("linear",)]
