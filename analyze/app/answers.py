"""What the pages ask the server for: each answer is a function of the workbench and the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from genscope.analyze.app import compare_answers, plot_answers, query_answers
from genscope.analyze.app.colours import SLICE_COLOURS
from genscope.analyze.app.facts import facts_of
from genscope.analyze.app.overview import idle_answer, opportunity_answer
from genscope.analyze.app.replies import File
from genscope.analyze.app.workbench import Workbench

Asked = Callable[[Workbench, Mapping[str, str], bytes], Any]


@dataclass(frozen=True)
class Route:
    """The functions that answer GET and POST at an address."""

    get: Asked | None = None
    post: Asked | None = None


def _timeline(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return {
        "name": bench.labels[timeline.trace_id],
        "marked": bench.marks[timeline.trace_id],
        "time": bench.times[timeline.trace_id],
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


def _counters(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    window = (int(arguments[key]) for key in ("from", "until", "pixels"))
    return {"counters": timeline.counters(*window)}


def _search(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> bytes:
    return bench.timelines.of(bench.trace_id(arguments)).search(arguments["text"])


def _facts(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return facts_of(timeline, arguments["kind"], int(arguments["ref"]))


def _same(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The calls of the same shape as a work item."""
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return timeline.asked("same_shape", of_work=int(arguments["work"]))[0]


def _expected(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The time that a work item's operator should have taken, and its interval."""
    trace_id, work_id = bench.trace_id(arguments), int(arguments["work"])
    with bench.studies.one() as study:
        found = study.sql(
            f"SELECT * FROM work_fact WHERE trace_id = {trace_id} AND work_id = {work_id}"
        )
    names = ("op_expected_ns", "op_expected_low_ns", "op_expected_high_ns")
    return {name: None if found.is_empty() else found[name].item() for name in names}


def _range(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    timeline = bench.timelines.of(bench.trace_id(arguments))
    return {"rows": timeline.sums(int(arguments["from"]), int(arguments["until"]))}


def _perfetto(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> File:
    """The events of a window as Chrome JSON, for Perfetto."""
    from genscope.analyze.export.perfetto import chrome_trace
    from genscope.analyze.export.slices import Window

    trace_id = bench.trace_id(arguments)
    base_ns = bench.timelines.of(trace_id).base_ns
    window = Window(base_ns + int(arguments["from"]), base_ns + int(arguments["until"]))
    with bench.studies.one() as study:
        text, _exported = chrome_trace(study, trace_id, window)
    return File(text, "application/json", "timeline.json")


ANSWERS: dict[str, Route] = {
    "overview/idle": Route(idle_answer),
    "overview/opportunities": Route(opportunity_answer),
    "timeline/perfetto": Route(_perfetto),
    "timeline/meta": Route(_timeline),
    "timeline/window": Route(_window),
    "timeline/counters": Route(_counters),
    "timeline/search": Route(_search),
    "timeline/facts": Route(_facts),
    "timeline/same": Route(_same),
    "timeline/expected": Route(_expected),
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
