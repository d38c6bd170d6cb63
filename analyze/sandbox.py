"""Run the SQL of a user or an agent in a process of its own, with limits on time, memory, rows and files.

A study's connection refuses all but reading. Still, one expression such as repeat('x', 2000000000)
ignores DuckDB's own limits and can't be interrupted. The operating system stops it: the child can't
take more memory or write a file, and is killed when its time is over.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from genscope.analyze.child_process import Asker, ChildProcess, EndedError, limit_process
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.study import Study

SECONDS = 10.0
MEMORY_BYTES = 1 << 30
ROWS = 10_000
# of one answer: rows are bounded, but one text can be as large as the memory
ANSWER_BYTES = 16 << 20


@dataclass(frozen=True)
class SandboxAnswer:
    """The first rows of a statement, whether there were more, and the seconds that it took."""

    frame: pl.DataFrame
    is_cut: bool
    seconds: float


class Sandbox:
    """A child process that answers statements on one study, one at a time, from any thread.

    `seconds` and `memory_bytes` bound each statement. The process starts with the first statement,
    in about a second, and again after one that had to be killed. On Windows memory isn't bounded.
    """

    def __init__(
        self, study: str | Path, *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        setup = {"study": str(study), "memory_bytes": memory_bytes, "seconds": seconds}
        self._child = ChildProcess("genscope.analyze.sandbox:serve", setup)
        # one statement at a time; `close` and `cancel` don't wait for it
        self._busy = threading.Lock()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sql(self, statement: str, *, most_rows: int = ROWS) -> SandboxAnswer:
        """Run one SELECT and return at most `most_rows` of its rows.

        Raises UserError if the statement may not run, fails, or reaches a limit.
        """
        late = f"the statement took longer than {self._seconds:g} s; add a WHERE or a LIMIT"
        with self._busy:
            try:
                self._body(self._child.start())
                began = time.perf_counter()
                question = {"statement": statement, "most_rows": most_rows}
                body = self._body(self._child.ask(question, self._seconds, late=late))
            except EndedError as error:
                raise UserError(
                    str(error)
                    or "the statement needed more memory than it may use "
                    f"({self._memory_bytes >> 20} MiB); select fewer rows or columns"
                ) from error
            seconds = time.perf_counter() - began
        import polars as pl

        frame = pl.read_ipc(BytesIO(body))
        return SandboxAnswer(frame.head(most_rows), frame.height > most_rows, seconds)

    @staticmethod
    def _body(answer: tuple[bytes, bytes] | None) -> bytes:
        kind, body = answer or (b"answer", b"")
        if kind != b"answer":
            raise UserError(body.decode())
        return body

    def cancel(self) -> None:
        """End the statement that another thread waits for; it raises UserError there."""
        self._child.end("the statement was cancelled")

    def close(self) -> None:
        """End the process; the next statement starts another one."""
        self._child.end("the sandbox was closed")
        with self._busy:
            self._child.close()


def serve() -> None:
    """Answer statements until the parent has gone: the main function of the child."""
    asker = Asker()
    setup = asker.question()
    from genscope.analyze.study import Study

    with Study(setup["study"]) as study:
        try:
            # this also imports polars, whose time and memory are not the statement's
            study.traces()
            limit_process(setup["memory_bytes"])
        except UserError as error:
            asker.reply(b"refusal", str(error).encode())
            return
        asker.reply(b"answer")
        for question in asker.questions():
            # the parent ends a late statement, unless it was killed itself
            timer = threading.Timer(2 * setup["seconds"], os._exit, [1])
            timer.start()
            asker.reply(*_answered(study, **question))
            timer.cancel()


def _answered(study: Study, statement: str, most_rows: int) -> tuple[bytes, bytes]:
    """What to reply to one statement: its kind, and the rows as Arrow IPC or a sentence."""
    try:
        # one row more shows whether there are more
        frame = study.sql(statement, most_rows=most_rows + 1)
        body = BytesIO()
        frame.write_ipc(body)
    except UserError as error:
        return b"refusal", str(error).encode()
    except MemoryError:
        # the parent says what that means
        raise
    except BaseException as error:
        # polars can panic over a type, which is not an Exception
        why = str(error).splitlines()[0][:200]
        return b"refusal", f"a column can't be returned ({why}); cast it to VARCHAR".encode()
    return _checked(body.getvalue())


def _checked(body: bytes) -> tuple[bytes, bytes]:
    if len(body) <= ANSWER_BYTES:
        return b"answer", body
    text = (
        f"the answer has {len(body) >> 20} MiB, but at most {ANSWER_BYTES >> 20} MiB are returned; "
        "select fewer rows or shorter columns"
    )
    return b"refusal", text.encode()
