"""What is printed fits the terminal, what is written is whole, and what can't be is one line."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import study_by_hand

from genscope.analyze.report.drawing import Drawing
from genscope.analyze.study import Study
from genscope.analyze.whole_file import write_whole
from genscope.cli import app as cli
from genscope.cli.output import write_result
from genscope.cli.text_table import fitted_table, whole_table
from genscope.errors import UserError
from tests.effort import part


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return study_by_hand.copy(tmp_path / "study.duckdb")


@contextmanager
def _full_disk(most_bytes: int) -> Iterator[None]:
    """No file grows beyond this many bytes, as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE), sys.dont_write_bytecode
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[0][1]))
    # Python 3.11 keeps the first bytes of compiled code that doesn't fit, and other processes read them
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        sys.dont_write_bytecode = before[1]


@pytest.mark.usefixtures("drawn_here")
@pytest.mark.parametrize(
    ("command", "out"),
    [
        (["report"], "x.html"),
        (["plot", "operator_breakdown"], "x.html"),
        (["plot", "operator_breakdown"], "x.svg"),
        (["query", "trace_summary"], "x.txt"),
        (["query", "trace_summary", "--format", "csv"], "x.csv"),
        (["query", "trace_summary", "--format", "parquet"], "x.parquet"),
        (["sql", "FROM work", "--format", "json"], "x.json"),
    ],
)
def test_a_full_disk_leaves_the_old_file_and_one_line(
    command: list[str],
    out: str,
    study: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a report without plots is written in the same way
    drawing = "genscope.analyze.report.drawing_process.drawing_of"
    monkeypatch.setattr(drawing, lambda *_: Drawing())
    path = tmp_path / out
    path.write_text("old")
    ask = [*command, "--db", str(study), "--out", str(path)]
    with _full_disk(200):
        assert cli.main(ask) == 2
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1 and "can't be written" in shown.err
    assert path.read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"study.duckdb", out}
    assert cli.main([*command, "--db", str(study), "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"genscope: {tmp_path} is a folder; name a file in it\n"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640
    write_whole(Path(os.devnull), "gone")
    assert Path(os.devnull).is_char_device()
    with pytest.raises(UserError, match="No space left"):
        write_whole(Path("/dev/full"), "too much")


def test_nested_values_are_json_in_a_csv(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.DataFrame(
        {
            "struct": [{"a": 1, "b": "x"}, None],
            "list": [[1, None], []],
            "dates": [[date(2026, 1, 2)], None],
            "bytes": [b"\x00\xff", None],
        }
    )
    write_result(frame, "csv")
    header, first, second = capsys.readouterr().out.splitlines()
    assert header == "struct,list,dates,bytes"
    assert first == '"{""a"":1,""b"":""x""}","[1,null]","[""2026-01-02""]",00ff'
    assert second == ",[],,"
    write_result(frame.drop("bytes"), "json")
    assert json.loads(capsys.readouterr().out)[0]["list"] == [1, None]


FRAME = pl.DataFrame(
    {
        "trace_id": [1],
        "trace_name": ["名" * 30],
        "path": ["/x" * 60],
        "dur_ns": [1234567],
        "z": [None],
    }
)


def test_a_terminal_shows_the_columns_that_fit_and_names_the_others() -> None:
    for width in (20, 40, 80, 120, 300):
        lines = fitted_table(FRAME, width).splitlines()
        assert lines[0].startswith("trace_id") and lines[2] == "(1 row)"
        # a Chinese letter takes two columns
        assert all(len(line) + line.count("名") <= width for line in lines[:2])
        hidden = [name for name in FRAME.columns if name not in lines[0].split()]
        note = " ".join(lines[3:])
        assert all(name in note for name in hidden) and ("--wide" in note) == bool(hidden)
    assert fitted_table(FRAME, 300).splitlines()[1].endswith("1,234,567  -")


def test_a_narrow_table_begins_with_the_key_columns() -> None:
    last = FRAME.columns[-1]
    assert fitted_table(FRAME, 40, [last]).startswith(last)
    assert not fitted_table(FRAME, 300, [last]).startswith(last)


def test_a_pipe_gets_every_column_on_one_line() -> None:
    lines = whole_table(FRAME).splitlines()
    assert len(lines) == 3 and "/x" * 60 in lines[1]


def test_columns_sets_the_width(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    ask = ["query", "operator_breakdown", "--db", str(study)]
    assert cli.main(ask) == 0
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert cli.main(ask) == 0
    fitted = capsys.readouterr().out
    assert max(map(len, fitted.splitlines())) <= 72 < max(map(len, piped.splitlines()))
    # a column that doesn't fit is named below the table
    assert "baseline_frac" in fitted and "baseline_frac" not in fitted.splitlines()[0]
    assert cli.main([*ask, "--wide"]) == 0
    assert capsys.readouterr().out == piped


@pytest.mark.parametrize(
    ("tail", "status", "says"),
    [
        ("| head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("> /dev/full", 1, "genscope: can't write the output: No space left on device\n"),
        (">&-", 2, "genscope: standard output is closed; add --out FILE\n"),
    ],
)
def test_output_that_nobody_takes(tail: str, status: int, says: str, study: Path) -> None:
    ask = "sql 'SELECT range AS n FROM range(200000)' --format csv"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m genscope {ask} --db {study} {tail}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, says)


def test_rows_without_polars_give_the_same_table(study: Path) -> None:
    with Study(study) as opened:
        # a third of them on each change
        for relation in part(opened.relations(), of=3):
            frame, rows = opened.query(relation.name), opened.rows(relation.name)
            # rows that are equal in the keys of an ORDER BY come in any order
            texts = [sorted(whole_table(answer).splitlines()) for answer in (frame, rows)]
            assert texts[0] == texts[1], relation.name
