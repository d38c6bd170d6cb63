"""What the pages ask the server for: each answer is a function of the workbench and the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genscope.analyze.app import compare_answers, plot_answers, query_answers
from genscope.analyze.app.colours import SLICE_COLOURS
from genscope.analyze.app.facts import facts_of
from genscope.analyze.app.relations import Tables
from genscope.analyze.app.sql_workers import Workers
from genscope.analyze.app.studies import Studies
from genscope.analyze.app.timeline_index import Timelines
from genscope.analyze.printable import printable
from genscope.errors import UserError


class Workbench:
    """What the server keeps for one study: connections, timelines and the workers of user queries."""

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


Asked = Callable[[Workbench, Mapping[str, str], bytes], Any]


@dataclass(frozen=True)
class Route:
    """The functions that answer GET and POST at an address."""

    get: Asked | None = None
    post: Asked | None = None


def _timeline(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return {
        "name": printable(bench.names[timeline.trace_id]),
        "span_ns": timeline.span_ns,
        "base_ns": str(timeline.base_ns),
        "slice_count": timeline.slice_count,
        "lines": [asdict(line) for line in timeline.lines()],
        "labels": timeline.labels(),
        "colours": SLICE_COLOURS,
    }


def _window(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> bytes:
    return bench.timelines.of(bench.trace_id(arguments)).window(
        int(arguments["from"]),
        int(arguments["until"]),
        int(arguments["pixels"]),
        (int(arguments["first"]), int(arguments["last"])),
    )


def _search(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> bytes:
    return bench.timelines.of(bench.trace_id(arguments)).search(arguments["text"])


def _facts(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return facts_of(timeline, arguments["kind"], int(arguments["ref"]))


def _range(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    bounds = {
        key: timeline.base_ns + int(arguments[key[: -len("_ns")]])
        for key in ("from_ns", "until_ns")
    }
    return {"rows": timeline.asked("range_sum", **bounds)}


ANSWERS: dict[str, Route] = {
    "timeline/meta": Route(_timeline),
    "timeline/window": Route(_window),
    "timeline/search": Route(_search),
    "timeline/facts": Route(_facts),
    "timeline/range": Route(_range),
    "compare/difference": Route(compare_answers.difference),
    "compare/plot": Route(compare_answers.plot),
    "compare/twin": Route(compare_answers.twin),
    "plots/list": Route(plot_answers.listed),
    "plots/draw": Route(plot_answers.draw),
    "plots/file": Route(plot_answers.file),
    "attention/places": Route(plot_answers.attention),
    "query/chart": Route(plot_answers.chart),
    "query/catalogue": Route(query_answers.catalogue),
    "query/run": Route(post=query_answers.run),
    "query/stop": Route(post=query_answers.stop),
    "query/export": Route(query_answers.export),
}
