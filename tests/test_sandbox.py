"""A stranger's SQL can neither write, nor read files, nor take more time, memory or rows than it may."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze.sandbox import Sandbox
from genscope.errors import UserError


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    path = study_by_hand.copy(tmp_path_factory.mktemp("sandbox") / "study.duckdb")
    with Sandbox(path, seconds=30.0) as opened:
        yield opened


def test_a_select_is_answered_with_its_first_rows(sandbox: Sandbox) -> None:
    answer = sandbox.sql("SELECT range AS n FROM range(10) ORDER BY n", most_rows=3)
    assert (answer.frame["n"].to_list(), answer.is_cut) == ([0, 1, 2], True)
    whole = sandbox.sql("SELECT trace_name, kernel_ns FROM gpu_time", most_rows=5)
    assert (whole.frame.shape, whole.is_cut) == ((5, 2), False)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("INSERT INTO trace SELECT * FROM trace", "can only be read"),
        ("SELECT * FROM read_csv('/etc/passwd')", "file system operations are disabled"),
        ("COPY (SELECT 1) TO 'out.csv'", "can only be read"),
        ("SELECT 1; SELECT 2", "write one at a time"),
        ("SELECT * FROM query('SELECT 1')", "can do more than read"),
        # DuckDB's own limits don't stop this
        ("SELECT repeat('x', 2000000000)", "Out of Memory"),
        ("SELECT repeat('x', 20000000)", "at most 16 MiB"),
        ("SELECT [INTERVAL 1 DAY]", "cast it to VARCHAR"),
    ],
)
def test_what_is_refused_says_why_and_the_next_statement_runs(
    sandbox: Sandbox, statement: str, why: str
) -> None:
    with pytest.raises(UserError, match=why):
        sandbox.sql(statement)
    assert sandbox.sql("SELECT 1 AS one").frame["one"].to_list() == [1]


def test_a_statement_can_be_cancelled_from_another_thread(sandbox: Sandbox) -> None:
    sandbox.sql("SELECT 1")
    timer = threading.Timer(0.2, sandbox.cancel)
    timer.start()
    with pytest.raises(UserError, match="cancelled"):
        sandbox.sql("SELECT count(*) FROM range(1000000000000)")
    timer.join()


def test_a_statement_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = study_by_hand.copy(tmp_path / "study.duckdb")
    with (
        Sandbox(path, seconds=0.5) as hasty,
        pytest.raises(UserError, match=r"longer than 0.5 s; add a WHERE"),
    ):
        hasty.sql("SELECT count(*) FROM range(1000000000000)")


def test_a_missing_study_is_a_sentence(tmp_path: Path) -> None:
    with (
        Sandbox(tmp_path / "no.duckdb") as sandbox,
        pytest.raises(UserError, match="there is no such study"),
    ):
        sandbox.sql("SELECT 1")


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    path = study_by_hand.copy(tmp_path / "study.duckdb")
    code = (
        "import os, sys; sys.path = eval(sys.argv[2])\n"
        "from genscope.analyze.sandbox import Sandbox\n"
        "sandbox = Sandbox(sys.argv[1]); sandbox.sql('SELECT 1')\n"
        "print(sandbox._child.pid, flush=True); os._exit(0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path), repr(sys.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    ended = Path(f"/proc/{int(ran.stdout)}")
    for _ in range(50):
        if not ended.exists() or " Z " in (ended / "stat").read_text():
            return
        threading.Event().wait(0.1)
    pytest.fail("the child still runs")
