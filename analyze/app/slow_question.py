"""A process that answers a question which takes long, behind everything else that the machine does.

Savings of a long trace take seconds on all cores and hundreds of megabytes. In a process of its own, of low
priority, they don't slow down the timeline that one looks at meanwhile, and the memory is free again afterwards.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import msgspec

from genscope.analyze.app.studies import QUERY_SECONDS
from genscope.analyze.child_process import Asker, ChildProcess, EndedError
from genscope.analyze.study import Study
from genscope.errors import UserError

_NICE = 10


class SlowQuestions:
    """Metrics of one study, computed one after the other, each by a new process."""

    def __init__(self, study: Path) -> None:
        self._child = ChildProcess(
            "genscope.analyze.app.slow_question:serve",
            {"study": str(study)},
            env={"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._turn = threading.Lock()
        self._closed = False

    def rows(self, name: str, trace: str) -> list[dict[str, Any]]:
        """The rows of a metric for one trace; none if it is refused. Raises UserError if it takes too long."""
        late = f"it took longer than {QUERY_SECONDS:g} s"
        with self._turn:
            if self._closed:
                raise UserError("the server ends")
            try:
                self._child.start()
                found, _ = self._child.ask({"name": name, "trace": trace}, QUERY_SECONDS, late=late)
            except EndedError as error:
                reason = str(error) or "there was too little memory"
                raise UserError(f"{name} wasn't computed: {reason}") from None
            finally:
                self._child.close()
        rows: list[dict[str, Any]] = msgspec.json.decode(found)
        return rows

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._child.end("the server ends")


def serve() -> None:
    """Answer questions until the server has gone: the main function of the process."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    asker = Asker()
    with Study(Path(asker.question()["study"])) as study:
        asker.reply(b"{}")
        for asked in asker.questions():
            try:
                rows = [*study.rows(asked["name"], trace=asked["trace"]).dicts()]
            except UserError:
                rows = []
            asker.reply(msgspec.json.encode(rows))
