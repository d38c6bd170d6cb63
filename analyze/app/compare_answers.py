"""What the Compare page asks for: the differences of two traces, a plot of them, and twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.drawn import items_of
from genscope.analyze.app.waterfall import waterfall
from genscope.analyze.chosen import literal
from genscope.analyze.comparable import refusal
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
        "refusal": _refusal(bench, first, second),
        "time": _time(bench, first, second),
        "names": [bench.labels[first], bench.labels[second]],
        "first_ns": sum(row["first_ns"] for row in rows),
        "second_ns": sum(row["second_ns"] for row in rows),
        "row_count": len(rows),
        "rows": [row | {"name": printable(row["name"])} for row in rows[:_MOST_ROWS]],
        "anchors": [_anchors(bench, trace_id) for trace_id in (first, second)],
    }


def plot(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The waterfall of the differences, for BokehJS."""
    first, second = bench.trace_id(arguments, "a"), bench.trace_id(arguments, "b")
    rows = _rows(bench, arguments)
    level = arguments.get("level", LEVELS[0]).replace("category", "class")
    is_refused = _refusal(bench, first, second) is not None
    time = _time(bench, first, second)
    return {
        "items": items_of(
            lambda: waterfall(rows, level, time=time, is_refused=is_refused), arguments
        )
    }


def pairs_of(bench: Workbench, trace_id: int) -> list[int]:
    """The traces with which one makes a pair that differs only in attention."""

    def make() -> list[tuple[int, int]]:
        with bench.studies.one() as study:
            found = study.sql("SELECT * FROM run_pair")
        rows = found.filter(found["refusal"].is_null())
        return sorted(rows["baseline_trace_id", "optimized_trace_id"].iter_rows())

    pairs = bench.kept(("pairs",), make)
    return [number for pair in pairs if trace_id in pair for number in pair if number != trace_id]


def partner(bench: Workbench, trace_id: int) -> int:
    """The trace that one is compared with at first: of a pair of runs the other one, else the first other."""
    others = [number for number in bench.names if number != trace_id]
    return next(iter(pairs_of(bench, trace_id)), min(others, default=trace_id))


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


def _refusal(bench: Workbench, first: int, second: int) -> str | None:
    """Why two traces can't be compared; steps of one trace always can."""
    if first == second:
        return None

    def make() -> str | None:
        with bench.studies.one() as study:
            found = refusal(study, *(literal(bench.names[number]) for number in (first, second)))
        return None if found is None else printable(found)

    found: str | None = bench.kept(("refusal", first, second), make)
    return found


def _time(bench: Workbench, first: int, second: int) -> str:
    """What the times are of."""
    found = {bench.times[number] for number in (first, second)}
    return found.pop() if len(found) == 1 else f"{bench.times[first]} against {bench.times[second]}"


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
