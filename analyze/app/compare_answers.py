"""What the Compare page asks for: the differences of two traces, a plot of them, and twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.drawn import items_of
from genscope.analyze.app.waterfall import waterfall
from genscope.analyze.printable import printable
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.app.workbench import Workbench

LEVELS = (
    "category",
    "component",
    "component and class",
    "step",
    "module class",
    "module",
    "operator",
    "kernel",
)
_MOST_ROWS = 1000


def difference(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The differences at one level, largest first, and the places to align two timelines at."""
    first, second = bench.trace_id(arguments, "a"), bench.trace_id(arguments, "b")
    rows = _rows(bench, arguments)
    return {
        "names": [bench.labels[first], bench.labels[second]],
        "first_ns": sum(row["first_ns"] for row in rows),
        "second_ns": sum(row["second_ns"] for row in rows),
        "row_count": len(rows),
        "rows": [row | {"name": printable(row["name"])} for row in rows[:_MOST_ROWS]],
        "anchors": [_anchors(bench, trace_id) for trace_id in (first, second)],
    }


def plot(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The waterfall of the differences, for BokehJS."""
    rows = _rows(bench, arguments)
    level = arguments.get("level", LEVELS[0]).replace("category", "class")
    return {"items": items_of(lambda: waterfall(rows, level), arguments)}


def twin(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The work item of trace `b` that does what `ref` does in trace `a`; {} if there is none."""
    second = bench.trace_id(arguments, "b")
    rows = bench.tables.rows(
        "work_twin",
        of_trace=bench.trace_id(arguments, "a"),
        of_work=int(arguments["ref"]),
        in_trace=second,
    ).dicts()
    found = next(iter(rows), {})
    if found:
        found["start_ns"] -= bench.timelines.of(second).base_ns
        found["name"] = printable(found["name"])
    return found


def _rows(bench: Workbench, arguments: Mapping[str, str]) -> list[dict[str, Any]]:
    level = arguments.get("level", LEVELS[0])
    if level not in LEVELS:
        raise UserError(f"there is no level {level!r}; there are {', '.join(LEVELS)}")
    first, second = bench.trace_id(arguments, "a"), bench.trace_id(arguments, "b")
    steps = {
        f"{name}_step": int(arguments[key])
        for name, key in (("first", "astep"), ("second", "bstep"))
        if arguments.get(key)
    }

    def make() -> list[dict[str, Any]]:
        found = bench.tables.rows(
            "run_difference", of_first=first, of_second=second, of_level=level, **steps
        )
        return [*found.dicts()]

    rows: list[dict[str, Any]] = bench.kept(
        ("difference", first, second, level, *steps.items()), make
    )
    return rows


def _anchors(bench: Workbench, trace_id: int) -> dict[str, int]:
    """The start of each component and step, ns on the timeline's own scale."""
    try:
        base_ns = bench.timelines.of(trace_id).base_ns
    except UserError:  # such as counters of kernels, which have no times
        return {}
    places = bench.kept(
        ("places", trace_id),
        lambda: [*bench.tables.rows("work_place", of_trace=trace_id).dicts()],
    )
    return {
        f"{place['level']} {printable(place['name'])}": place["from_ns"] - base_ns
        for place in places
        if place["level"] in ("component", "step")
    }
