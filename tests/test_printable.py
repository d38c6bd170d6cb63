"""Text of a trace, a file's name or an error reaches a terminal with nothing in it to obey."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from genscope.analyze.printable import HIDDEN_PATTERN, printable, printable_json
from genscope.cli import app as cli
from genscope.cli.output import print_listed, write_result

NAME = "a\x1b]0;OWNED\x07\x1b[2J\x9b1mb\x7f\u202ec\u2028d"
SHOWN = r"a\x1b]0;OWNED\x07\x1b[2J\x9b1mb\x7f\u202ec\u2028d"


def _harmful(text: str) -> list[str]:
    return [char for char in text if char != "\n" and unicodedata.category(char) in HIDDEN]


HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_each_hidden_character_of_unicode_is_written_out() -> None:
    joiners = "\u200c\u200d"
    every = [chr(code) for code in range(0x110000)]
    hidden = {c for c in every if unicodedata.category(c) in HIDDEN} - set(joiners)
    shown = {c for c in every if printable(c) != c}
    assert hidden <= shown
    assert all(unicodedata.category(c) == "Cn" or c in hidden for c in shown)
    texts = pl.Series([c for c in every if unicodedata.category(c) != "Cs"])
    found = set(texts.filter(texts.str.contains(HIDDEN_PATTERN)))
    assert found == {c for c in shown if unicodedata.category(c) != "Cs"}
    assert printable("x\n\ty\r\\z\ud800\U000e0041") == r"x\n\ty\r\z\ud800\U000e0041"
    assert printable("x\ny\x1b", keep="\n") == "x\ny\\x1b"


def test_every_format_shows_names_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.DataFrame({NAME: [NAME, "two\nlines", None], "n": [-1, 2, 3], "l": [[NAME], [], []]})
    write_result(frame, "table")
    table = capsys.readouterr().out
    assert SHOWN in table and r"two\nlines" in table and not _harmful(table)
    write_result(frame, "csv")
    text = capsys.readouterr().out
    assert text.splitlines()[0] == f"{SHOWN},n,l"
    assert SHOWN in text and '"two\nlines",2' in text and not _harmful(text)
    write_result(frame, "json")
    text = capsys.readouterr().out
    assert not _harmful(text)
    assert [row[NAME] for row in json.loads(text)] == [NAME, "two\nlines", None]
    assert json.loads(printable_json(json.dumps("\U000e0041\x7f", ensure_ascii=False))) == (
        "\U000e0041\x7f"
    )
    print_listed([(NAME, NAME)])
    assert not _harmful(capsys.readouterr().out)


def test_columns_that_look_the_same_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    write_result(pl.DataFrame({"\x1b": [1], "\\x1b": [2]}), "csv")
    assert capsys.readouterr().out == "\\x1b,\\x1b\n1,2\n"


def test_commands_and_errors_show_names_as_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = {"ph": "X", "cat": "kernel", "name": NAME, "pid": 0, "tid": 7, "ts": 1, "dur": 2}
    trace = tmp_path / "a\x1b[2Jb\n\udc80.json"
    trace.write_text(
        json.dumps({"schemaVersion": 1, "traceEvents": [kernel | {"args": {"device": 0}}]})
    )
    db = ["--db", str(tmp_path / "s\x1b[2J.duckdb")]
    wrong = tmp_path / "wrong\x1b[2J\x9b.json"
    wrong.write_text("no trace")
    commands = [
        ["doctor", str(trace)],
        ["ingest", str(trace), *db],
        ["ingest", str(wrong), *db],
        ["ingest", str(tmp_path / "missing\x1b[2J.json"), *db],
        ["query", "kernel_summary", *db],
        ["query", "no\x1b[2J", *db],
        ["query", "ledger", "--trace", "no\x1b[2J", *db],
        ["query", "attention_split", *db],
        ["compare", "no\x1b[2J", "no\x1b[2J", *db],
        ["sql", "SELECT name::INT FROM kernel", *db],
        ["sql", "SELECT error(name) FROM kernel", *db],
        ["sql", "SELECT name, path FROM trace", *db],
        ["sql", "PIVOT kernel ON name USING count(*)", "--format", "csv", *db],
        ["report", "--out", str(tmp_path / "no\x1b[2J" / "x.html"), *db],
        ["no\x1b[2J"],
    ]
    for command in commands:
        cli.main(command)
        shown = capsys.readouterr()
        assert shown.out + shown.err and not _harmful(shown.out + shown.err), command
