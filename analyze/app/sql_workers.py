"""The processes that run visitors' SQL: one for each visitor, ended when it takes too long."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from genscope.analyze.child_process import ChildProcess, EndedError
from genscope.errors import UserError

RUN_SECONDS = 30.0
_NOT_STARTED = "the process for queries can't be started; see 'genscope sql'"
_MOST = 4
_IDLE_SECONDS = 900.0


class Worker:
    """One process, asked by one request at a time; `stop` ends what it does, from any thread."""

    def __init__(self, study: Path) -> None:
        self._child = ChildProcess(
            "genscope.analyze.app.sql_worker:serve",
            {"study": str(study)},
            env={"POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1"},
        )
        self._turn = threading.Lock()
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
            try:
                self._child.start()
            except EndedError as error:
                reason = f"the query was stopped: {error}" if str(error) else _NOT_STARTED
                raise UserError(reason) from None
            late = f"it took longer than {seconds:g} s; choose a trace or select less"
            try:
                first, content = self._child.ask(request, seconds, late=late)
            except EndedError as error:
                reason = str(error) or "it needs more memory than it may use; select less"
                raise UserError(f"the query was stopped: {reason}") from None
            head: dict[str, Any] = json.loads(first)
            if "error" in head:
                raise UserError(head["error"])
            self.columns = head.get("columns", self.columns)
            return head, content

    def stop(self, reason: str) -> None:
        """End the process; a request that waits for it gets the reason."""
        self._child.end(reason)

    def close(self) -> None:
        """End the process."""
        self.stop("the server ends")
        with self._turn:
            self._child.close()


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
