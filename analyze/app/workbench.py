"""What the server keeps for one study: connections, timelines and the workers of visitors' queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genscope.analyze.app.relations import Tables
from genscope.analyze.app.slow_question import SlowQuestions
from genscope.analyze.app.sql_workers import Workers
from genscope.analyze.app.studies import Studies
from genscope.analyze.app.timeline_index import Timelines
from genscope.analyze.plots.theme import run_label
from genscope.analyze.predicted import mark
from genscope.analyze.printable import printable
from genscope.errors import UserError

OF_OPERATORS = "time of operators on the CPU"


class Workbench:
    """One open study and what was made of it so far; any thread may use it."""

    def __init__(self, path: Path) -> None:
        """Open the study. Raises UserError if it can't be opened or holds no trace."""
        self.path = path
        self.studies = Studies(path)
        try:
            with self.studies.one() as study:
                found = study.names()
        except BaseException:
            self.studies.close()
            raise
        if not found:
            self.studies.close()
            raise UserError(f"{path}: the study holds no trace; load one with 'genscope ingest'")
        # names by trace_id, which no request changes
        self.names: Mapping[int, str] = found
        self.timelines = Timelines(path)
        self.tables = Tables(path)
        self.workers = Workers(path)
        self.slow = SlowQuestions(path)
        rows = [*self.tables.rows("trace_card").dicts()]
        # the interval of times that are predicted
        self.marks = {row["trace_id"]: mark(row) for row in rows}
        # what the times of its work are of
        self.times = {
            row["trace_id"]: OF_OPERATORS if row["time_source"] == "cpu" else "device time"
            for row in rows
        }
        # names as pages show them: predicted times are always marked
        self.labels: Mapping[int, str] = {
            row["trace_id"]: run_label(printable(found[row["trace_id"]]), row) for row in rows
        }
        self._kept: dict[tuple[Any, ...], Any] = {}

    def trace_id(self, arguments: Mapping[str, str], key: str = "trace") -> int:
        """The trace that an address names; the first one if it names none."""
        text = arguments.get(key, "")
        if not text:
            return min(self.names)
        if not text.isdecimal() or int(text) not in self.names:
            raise UserError(f"there is no trace with the number {text!r} in this study")
        return int(text)

    def kept(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """What `make` returned when this key was first asked for: a study doesn't change meanwhile."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def close(self) -> None:
        """Free everything."""
        self.studies.close()
        self.timelines.close()
        self.tables.close()
        self.workers.close()
        self.slow.close()
