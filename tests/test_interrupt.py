"""Ctrl-C ends a query at once, and the command says so in one line."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze import interrupt, question
from genscope.analyze.connect import connect
from genscope.analyze.interrupt import Abandoned, interruptible
from genscope.cli import app as cli

MINUTES = "SELECT count(*) FROM range(100000000000)"


@pytest.fixture(autouse=True)
def _keys_arrive() -> Iterator[None]:
    """A process that a shell starts in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_query_is_interrupted_and_the_connection_answers_again() -> None:
    with connect() as con:

        def ask() -> None:
            _press()
            con.execute(MINUTES)

        with pytest.raises(KeyboardInterrupt) as raised:
            interruptible(con, ask)
        assert raised.type is KeyboardInterrupt
        assert interruptible(con, con.execute("SELECT 1").fetchall) == [(1,)]


def test_what_cannot_be_interrupted_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupt, "PATIENCE_SECONDS", 0.05)
    go = threading.Event()

    def ask() -> None:
        _press()
        go.wait()

    with connect() as con, pytest.raises(Abandoned):
        interruptible(con, ask)
    go.set()


def test_errors_and_other_threads_are_as_without() -> None:
    def fail() -> None:
        raise ValueError("why")

    with connect() as con:
        with pytest.raises(ValueError, match="why"):
            interruptible(con, fail)
        names: list[str] = []
        thread = threading.Thread(
            target=lambda: interruptible(
                con, lambda: names.append(threading.current_thread().name)
            ),
            name="asker",
        )
        thread.start()
        thread.join()
        assert names == ["asker"]


@pytest.mark.parametrize("place", ["query", "open"])
def test_the_command_ends_with_130_and_one_line(
    place: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    study = study_by_hand.write(tmp_path / "study.duckdb")

    def pressed(con: object, *_: object) -> None:
        _press()
        con.execute(MINUTES)  # type: ignore[attr-defined]

    if place == "query":
        monkeypatch.setattr(question, "answer", pressed)
    else:
        monkeypatch.setattr("genscope.analyze.load.attached.check_tables", pressed)
    assert cli.main(["sql", "SELECT 1", "--db", str(study)]) == 130
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
