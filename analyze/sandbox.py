"""Run the SQL of a user or an agent in a process of its own, with limits on time, memory, rows and files.

A study's connection refuses all but reading. Still, one expression such as repeat('x', 2000000000)
ignores DuckDB's own limits and can't be interrupted. The operating system stops it: the child can't
take more memory or write a file, and is killed when its time is over.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.study import Study

SECONDS = 10.0
MEMORY_BYTES = 1 << 30
ROWS = 10_000
# of one answer: rows are bounded, but one text can be as large as the memory
ANSWER_BYTES = 16 << 20
_START_SECONDS = 60.0
_LENGTH_BYTES = 8


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
        self._study = Path(study)
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._why_killed = ""
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
        with self._busy:
            self._why_killed = ""
            if self._process is None or self._process.poll() is not None:
                self._drop()
                self._start()
            began = time.perf_counter()
            body = self._ask({"statement": statement, "most_rows": most_rows}, self._seconds)
            seconds = time.perf_counter() - began
        import polars as pl

        frame = pl.read_ipc(BytesIO(body))
        return SandboxAnswer(frame.head(most_rows), frame.height > most_rows, seconds)

    def cancel(self) -> None:
        """End the statement that another thread waits for; it raises UserError there."""
        self._kill("the statement was cancelled")

    def close(self) -> None:
        """End the process; the next statement starts another one."""
        self._kill("the sandbox was closed")
        with self._busy:
            self._drop()

    def _start(self) -> None:
        """Start the child and wait until it has opened the study, for which it needs no rights."""
        code = (
            f"import sys; sys.path = {sys.path!r}; "
            "from genscope.analyze.sandbox import serve; serve()"
        )
        # -P: never import from the current folder, which may be anyone's
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the parent, which ends this process
            start_new_session=True,
        )
        limits = {
            "study": str(self._study),
            "memory_bytes": self._memory_bytes,
            "seconds": self._seconds,
        }
        self._ask(limits, _START_SECONDS)

    def _ask(self, question: dict[str, Any], seconds: float) -> bytes:
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        late = f"the statement took longer than {seconds:g} s; add a WHERE or a LIMIT"
        timer = threading.Timer(seconds, self._kill, [late])
        timer.start()
        try:
            _send(process.stdin, msgspec.json.encode(question))
            kind, body = _receive(process.stdout), _receive(process.stdout)
        except (EOFError, OSError) as error:
            self._drop()
            raise UserError(
                self._why_killed
                or "the statement needed more memory than it may use "
                f"({self._memory_bytes >> 20} MiB); select fewer rows or columns"
            ) from error
        finally:
            timer.cancel()
        if kind != b"answer":
            raise UserError(body.decode())
        return body

    def _kill(self, why: str) -> None:
        process = self._process
        if process is not None:
            self._why_killed = why
            process.kill()

    def _drop(self) -> None:
        """Forget the process, which has ended or must end."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def serve() -> None:
    """Answer the statements on standard input until it ends: the main function of the child."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    # whatever prints must not write into the answers
    sys.stdout = sys.stderr
    limits = msgspec.json.decode(_receive(source))
    from genscope.analyze.study import Study

    with Study(limits["study"]) as study:
        try:
            # this also imports polars, whose time and memory are not the statement's
            study.traces()
            limit_process(limits["memory_bytes"])
        except UserError as error:
            _reply(sink, b"refusal", str(error).encode())
            return
        _reply(sink, b"answer", b"")
        with suppress(EOFError):
            while True:
                question = msgspec.json.decode(_receive(source))
                # the parent ends a late statement, unless it was killed itself
                timer = threading.Timer(2 * limits["seconds"], os._exit, [1])
                timer.start()
                _reply(sink, *_answered(study, **question))
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
        # an interval in a list makes polars panic, which is not an Exception
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


def limit_process(memory_bytes: int) -> None:
    """Let this process take so much more memory, and write no file."""
    try:
        import resource
    except ImportError:  # Windows
        return
    status = Path("/proc/self/statm")
    # elsewhere, about what DuckDB and polars take
    held = (
        int(status.read_text().split()[0]) * resource.getpagesize() if status.exists() else 4 << 30
    )
    for kind, most in (
        (resource.RLIMIT_AS, held + memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _reply(sink: IO[bytes], kind: bytes, body: bytes) -> None:
    _send(sink, kind)
    _send(sink, body)


def _send(pipe: IO[bytes], body: bytes) -> None:
    pipe.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    """The next message; EOFError once the other side has gone."""
    length = int.from_bytes(_exactly(pipe, _LENGTH_BYTES), "big")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    found = pipe.read(length)
    if len(found) < length:
        raise EOFError
    return found
