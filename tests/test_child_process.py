"""A child's copies answer on their own, and end with their parent or by themselves without harm to others."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from genscope.analyze.child_process import Asker, ChildProcess, EndedError
from genscope.analyze.report import drawing_process

SECONDS = 30.0
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")


def serve() -> None:
    """Say who answers, and what this process has learned before it was copied."""
    asker = Asker()
    setup = asker.question()
    learned = os.getpid()
    if asker.copy(setup.get("copies", ())):
        asker.reply(b"")
    for question in asker.questions():
        if question.get("hang"):
            signal.pause()
        asker.reply(str(os.getpid()).encode(), str(learned).encode())


def serve_with_a_thread() -> None:
    """The same, with a thread that never ends by itself."""
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    serve()


@pytest.fixture
def family() -> Iterator[list[ChildProcess]]:
    first = ChildProcess("tests.test_child_process:serve", {})
    every = [first, *first.start_with_copies(2)]
    yield every
    for child in reversed(every):
        child.close()


def _ask(child: ChildProcess, *, hang: bool = False, seconds: float = SECONDS) -> tuple[int, int]:
    pid, learned = child.ask({"hang": hang}, seconds, late="late")
    return int(pid), int(learned)


def _runs(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        # an ended copy is a zombie until the first process has gone
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_copies_know_what_the_first_process_had_learned(family: list[ChildProcess]) -> None:
    first = _ask(family[0])[0]
    answers = [_ask(child) for child in family for _ in range(2)]
    assert {learned for _, learned in answers} == {first}
    assert len({pid for pid, _ in answers}) == 3
    assert [pid for pid, _ in answers] == [child.pid for child in family for _ in range(2)]


@pytest.mark.parametrize("ended", [0, 1, 2])
def test_one_that_is_killed_is_replaced_and_the_others_go_on(
    family: list[ChildProcess], ended: int
) -> None:
    pids = [_ask(child)[0] for child in family]
    os.kill(pids[ended], signal.SIGKILL)
    with pytest.raises(EndedError, match=r"^$"):
        _ask(family[ended])
    family[ended].start()
    after = [_ask(child)[0] for child in family]
    assert after[ended] not in pids
    assert [pid for pid in after if pid in pids] == [pid for pid in pids if pid != pids[ended]]


def test_a_copy_that_hangs_is_ended_when_its_time_is_over(family: list[ChildProcess]) -> None:
    with pytest.raises(EndedError, match="late"):
        _ask(family[1], hang=True, seconds=0.1)
    assert _ask(family[2])[0] == family[2].pid


def test_a_process_with_threads_makes_no_copies_and_answers_alone() -> None:
    child = ChildProcess("tests.test_child_process:serve_with_a_thread", {})
    assert child.start_with_copies(2) == []
    assert _ask(child)[0] == child.pid
    child.close()


def test_reports_are_drawn_by_as_many_processes_as_wanted() -> None:
    child = ChildProcess(
        "genscope.analyze.report.drawing_process:serve", {}, env=drawing_process._ONE_THREAD
    )
    copies = child.start_with_copies(1)
    assert len(copies) == 1
    for one in (*copies, child):
        one.close()


def test_none_outlives_its_parent(family: list[ChildProcess]) -> None:
    pids = [_ask(child)[0] for child in family]
    for child in reversed(family):
        child.close()
    # a copy sees at once that nobody can ask any more, but has to end in its own time
    for pid in pids:
        for _ in range(1000):
            if not _runs(pid):
                break
            os.sched_yield()
        assert not _runs(pid)
