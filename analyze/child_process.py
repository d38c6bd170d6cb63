"""A process of our own that answers questions, one at a time, and can be ended at any time.

Questions are JSON. An answer has two parts, each any bytes. Whoever asks sees to it that nobody else does meanwhile.
A child can make copies of itself once it has imported what they need, where importing takes longer than answering.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import msgspec

_START_SECONDS = 60.0
_LENGTH_BYTES = 8


class EndedError(Exception):
    """The process ended before it answered. The text says why it was ended; '' if it ended by itself."""


class ChildProcess:
    """A child that runs the function `main`, named as 'module:function'.

    `setup` is its first question, asked when it starts; `env` adds variables to its environment. It
    starts when it is needed, and again after it has ended.
    """

    def __init__(
        self, main: str, setup: Mapping[str, Any], *, env: Mapping[str, str] | None = None
    ) -> None:
        self._main = main
        self._setup = setup
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | _Copy | None = None
        self._why_ended = ""

    @property
    def pid(self) -> int | None:
        """The number of the process; None if it doesn't run."""
        return self._process.pid if self._process else None

    def start(self) -> tuple[bytes, bytes] | None:
        """Start the process and return its answer to `setup`; None if it runs already. Raises EndedError."""
        self._why_ended = ""
        if self._process is not None and self._process.poll() is None:
            return None
        return self._started(self._setup)

    def start_with_copies(self, count: int) -> list[ChildProcess]:
        """Start the process, whose `main` calls Asker.copy, and return its copies, at most `count`. Raises EndedError."""
        with ExitStack() as theirs:
            pairs = [socket.socketpair() for _ in range(count)]
            numbers = [theirs.enter_context(end).fileno() for _, end in pairs]
            self._started({**self._setup, "copies": numbers}, numbers)
        copies = []
        for end, _ in pairs:
            copy = ChildProcess(self._main, self._setup, env=self._env)
            # the end of the socket is all that one hears of a copy that wasn't made
            with suppress(EOFError):
                copy._process = _Copy(end)
                copies.append(copy)
        return copies

    def _started(
        self, setup: Mapping[str, Any], sockets: Sequence[int] = ()
    ) -> tuple[bytes, bytes]:
        self._drop()
        module, _, function = self._main.partition(":")
        code = f"import sys; sys.path = {sys.path!r}; from {module} import {function}; {function}()"
        self._process = subprocess.Popen(
            # -P: never import from the current folder, which may be anyone's
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._env,
            pass_fds=sockets,
            # Ctrl-C is for the parent, which ends this process
            start_new_session=True,
        )
        return self.ask(setup, _START_SECONDS, late="it didn't start")

    def ask(self, question: Mapping[str, Any], seconds: float, *, late: str) -> tuple[bytes, bytes]:
        """The answer of a started process; after `seconds` it is ended for the reason `late`. Raises EndedError."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        timer = threading.Timer(seconds, self.end, [late])
        timer.start()
        try:
            _send(process.stdin, msgspec.json.encode(question))
            return _receive(process.stdout), _receive(process.stdout)
        except (EOFError, OSError) as error:
            self._drop()
            raise EndedError(self._why_ended) from error
        finally:
            timer.cancel()

    def end(self, why: str) -> None:
        """End the process, from any thread; whoever waits for an answer gets the reason."""
        process = self._process
        if process is not None:
            self._why_ended = why
            process.kill()

    def close(self) -> None:
        """End the process; nobody may wait for an answer."""
        self._drop()

    def _drop(self) -> None:
        """Forget the process, which has ended or must end."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


class _Copy:
    """What Popen is for the first process: a copy that it made of itself, at the other end of a socket."""

    def __init__(self, end: socket.socket) -> None:
        with end:
            self.stdin, self.stdout = end.makefile("wb"), end.makefile("rb")
        self.pid = int(_receive(self.stdout))
        self._ended = False

    def poll(self) -> int | None:
        return 0 if self._ended else None

    def kill(self) -> None:
        if not self._ended:
            self._ended = True
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def communicate(self) -> None:
        with suppress(OSError):
            self.stdin.close()
        self.stdout.close()


class Asker:
    """The other side: what the child reads its questions from, and answers to."""

    def __init__(self) -> None:
        self._source: IO[bytes] = sys.stdin.buffer
        self._sink: IO[bytes] = sys.stdout.buffer
        # whatever prints must not write into the answers
        sys.stdout = sys.stderr

    def question(self) -> dict[str, Any]:
        """The next question. Raises EOFError once the parent has gone."""
        found: dict[str, Any] = msgspec.json.decode(_receive(self._source))
        return found

    def questions(self) -> Iterator[dict[str, Any]]:
        """Questions until the parent has gone."""
        with suppress(EOFError):
            while True:
                yield self.question()

    def copy(self, sockets: Sequence[int]) -> bool:
        """Make a copy of this process for each socket, which answers there; return whether this is the first.

        None is made if there are other threads: a copy would wait for ever for what one of them had locked.
        """
        for mine in sockets if len([*Path("/proc/self/task").iterdir()]) == 1 else ():
            if os.fork() == 0:
                # whoever reads the first process's pipe, or another copy's socket, must see it end
                nowhere = os.open(os.devnull, os.O_RDWR)
                for number in {0, 1, *sockets} - {mine}:
                    os.dup2(nowhere, number)
                with socket.socket(fileno=mine) as end:
                    self._source, self._sink = end.makefile("rb"), end.makefile("wb")
                _send(self._sink, str(os.getpid()).encode())
                return False
        for number in sockets:
            os.close(number)
        return True

    def reply(self, first: bytes, second: bytes = b"") -> None:
        """Answer the last question."""
        _send(self._sink, first)
        _send(self._sink, second)


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
