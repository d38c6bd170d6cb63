"""The processes that run visitors' SQL: one for each visitor, ended when it takes too long."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from genscope.errors import UserError

RUN_SECONDS = 30.0
_START_SECONDS = 60.0
_MOST = 4
_IDLE_SECONDS = 900.0


class Worker:
    """One process, asked by one request at a time; `stop` ends what it does, from any thread."""

    def __init__(self, study: Path) -> None:
        self._study = study
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = ""
        self.used = time.monotonic()
        # of the answer that was opened last
        self.columns: list[dict[str, Any]] = []

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return self._turn.locked()

    def ask(self, request: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer's head and content. Raises UserError for what the worker refuses or can't do."""
        with self._turn:
            self.used = time.monotonic()
            process = self._started()
            self._stopped = ""
            assert process.stdin is not None
            try:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                head, content = self._answer(process, seconds)
            except (OSError, ValueError):
                self._end()
                reason = self._stopped or "it needs more memory than it may use; select less"
                raise UserError(f"the query was stopped: {reason}") from None
            if "error" in head:
                raise UserError(head["error"])
            self.columns = head.get("columns", self.columns)
            return head, content

    def stop(self, reason: str) -> None:
        """End the process; a request that waits for it gets the reason."""
        process = self._process
        if process is not None:
            self._stopped = reason
            process.kill()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                # -P: a file of the user's folder must not be imported instead of a library
                [sys.executable, "-P", "-m", "genscope.analyze.app.sql_worker", str(self._study)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"},
                bufsize=0,
            )
            try:
                self._answer(self._process, _START_SECONDS)
            except (OSError, ValueError):
                self._end()
                raise UserError(
                    "the process for queries can't be started; see 'genscope sql'"
                ) from None
        return self._process

    def _answer(
        self, process: subprocess.Popen[bytes], seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """Read one answer. Raises OSError or ValueError if the process has ended or is too slow."""
        assert process.stdout is not None
        if not select.select([process.stdout], [], [], seconds)[0]:
            self.stop(f"it took longer than {seconds:g} s; choose a trace or select less")
        # a header is small, and the process writes it at once
        head = json.loads(process.stdout.readline())
        content = bytearray()
        while len(content) < head["size"]:
            part = process.stdout.read(head["size"] - len(content))
            if not part:
                raise OSError("the process has ended")
            content += part
        return head, bytes(content)

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def close(self) -> None:
        """End the process."""
        self.stop("the server ends")
        with self._turn:
            self._end()


class Workers:
    """A worker for each visitor, who is known by a secret of the page's own."""

    def __init__(self, study: Path) -> None:
        self._study = study
        self._of: OrderedDict[str, Worker] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, visitor: str) -> Worker:
        """The visitor's worker. Raises UserError if too many others are at work."""
        if len(visitor) < 16:
            raise UserError("the page didn't say whose query it is")
        with self._turn:
            self._leave_idle()
            if visitor not in self._of:
                if len(self._of) >= _MOST:
                    self._leave_longest_idle()
                self._of[visitor] = Worker(self._study)
            self._of.move_to_end(visitor)
            return self._of[visitor]

    def stop(self, visitor: str) -> None:
        """End the visitor's query, and nobody else's."""
        worker = self._of.get(visitor)
        if worker is not None:
            worker.stop("you cancelled it")

    def close(self) -> None:
        """End all of them."""
        while self._of:
            self._of.popitem()[1].close()

    def _leave_idle(self) -> None:
        late = time.monotonic() - _IDLE_SECONDS
        for visitor in [v for v, w in self._of.items() if w.used < late and not w.is_busy]:
            self._of.pop(visitor).close()

    def _leave_longest_idle(self) -> None:
        idle = [visitor for visitor, worker in self._of.items() if not worker.is_busy]
        if not idle:
            raise UserError(f"{_MOST} queries run already; wait for one to end")
        self._of.pop(idle[0]).close()
