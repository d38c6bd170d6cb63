"""The overview: every trace in a line, and what matters of one, each with a link to its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from genscope.analyze.app.colours import colour_of
from genscope.analyze.app.drawn import load_soon
from genscope.analyze.app.figures import amount, duration, percent
from genscope.analyze.doctor.examine import MAX_UNLINKED_FRAC
from genscope.analyze.plots.charts import LEAST_COSTED_FRAC
from genscope.analyze.plots.idle_time import CAUSES
from genscope.analyze.predicted import NO_GAPS, mark
from genscope.analyze.printable import printable
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.app.workbench import Workbench
    from genscope.analyze.study import Study

_MOST_ROWS = 8


def overview_of(bench: Workbench, trace_id: int) -> dict[str, Any]:
    """What templates/overview.html shows of the study and of one trace."""
    cards = [*bench.tables.rows("trace_card").dicts()]
    places = [*bench.tables.rows("work_place", of_trace=trace_id).dicts()]
    with bench.studies.one() as study:
        times = _by_trace(study, "gpu_time")
    for card in cards:
        card.update(_times_of(times.get(card["trace_id"], {})))
        card["verdict"], card["reason"] = _verdict(card)
        marked = mark(card)
        card["marked"] = f"{marked}, {NO_GAPS}" if marked else ""
    card = next(card for card in cards if card["trace_id"] == trace_id)
    card["attention_note"], card["flop_rate"] = _attention_note(card), _flop_rate(card)
    for place in places:
        place["link"] = _link(trace_id, place)
        place["colour"] = colour_of(place["category"])
    return {
        "cards": cards,
        "card": card,
        **{
            f"{level}_places": _largest(places, level)
            for level in ("category", "component", "kernel")
        },
    }


def idle_answer(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """Why the GPU is idle, which takes long to say of a long trace."""
    trace_id = bench.trace_id(arguments)

    def make() -> list[dict[str, Any]]:
        with bench.studies.one() as study:
            return _idle_of(study, bench.names[trace_id])

    return {"rows": bench.kept(("idle", trace_id), make)}


def opportunity_answer(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The largest savings; none if the query for them is refused."""
    trace_id = bench.trace_id(arguments)
    found = bench.kept(("opportunity", trace_id), lambda: _opportunities(bench, trace_id))
    # nothing else of this page is missing, and plots are a click away
    load_soon()
    return {"rows": found}


def _by_trace(study: Study, name: str) -> Mapping[int, dict[str, Any]]:
    """A metric's rows by trace; none if it is refused for all traces."""
    try:
        return {row["trace_id"]: row for row in study.rows(name).dicts()}
    except UserError:
        return {}


def _times_of(row: Mapping[str, Any]) -> dict[str, Any]:
    span, idle = row.get("gpu_span_ns"), row.get("gpu_idle_ns")
    return {
        "span_ns": span or None,
        "busy_ns": row.get("gpu_busy_ns") or None,
        "idle_ns": idle if span else None,
        "idle_frac": idle / span if span and idle is not None else None,
        "refusal": row.get("idle_refusal"),
        "kernel_count": row.get("kernel_count") or 0,
    }


def _verdict(card: Mapping[str, Any]) -> tuple[str, str]:
    """Whether shares of a trace's time can be trusted, as a word and a reason."""
    if not card["work_count"]:
        return "no work", "the trace holds neither kernels nor operators"
    if card["ruin"]:
        return "doubtful", str(card["ruin"])
    if card["unlinked_ns"] > MAX_UNLINKED_FRAC * card["work_ns"]:
        share = percent(card["unlinked_ns"] / card["work_ns"])
        return "doubtful", f"{share} of the kernels' time has no known launch"
    if not card["complete"]:
        return "cut short", "the file ends before its last event"
    unclassified = card["unclassified_ns"] / max(1, card["work_ns"])
    if unclassified > 0.05:
        return "partly known", f"{100 * unclassified:.0f} % of the time has no class"
    return "sound", "shares of its time can be trusted"


def _attention_note(card: Mapping[str, Any]) -> str:
    """The time of attention, and how much faster the run, or else its work, is at most without it.

    Of several devices, the run is shorter by an unknown part of the sum of their attention.
    """
    taken, work = card["attention_ns"], "kernels" if card["time_source"] == "gpu" else "operators"
    of_run = card["device_count"] == 1 and card["idle_frac"] is not None
    whole, what = (
        (card["span_ns"], "the run is") if of_run else (card["work_ns"], f"the {work} are")
    )
    if whole <= taken:
        return duration(taken)
    return f"{duration(taken)}; without it, {what} at most {whole / (whole - taken):.3g}× faster"


def _flop_rate(card: Mapping[str, Any]) -> tuple[str, str]:
    """The FLOP rate of the work with known shapes, if that is most of it, and what is known."""
    if not card["flops"] or not card["flops_ns"]:
        return "–", "the shapes are unknown"
    costed, rate = card["flops_ns"] / card["work_ns"], card["flops"] / card["flops_ns"] * 1e9
    known = f"known for {percent(costed)} of the time"
    if costed < LEAST_COSTED_FRAC:
        return "–", known
    peak = card["peak_flops_per_s"]
    of_peak = f"{percent(rate / peak)} of the peak in {card['dtype']}" if peak else "unknown peak"
    return f"{amount(rate)}FLOP/s", f"{of_peak}; {known}"


def _idle_of(study: Study, name: str) -> list[dict[str, Any]]:
    """The idle time of a trace's busiest device by cause, largest first; empty if it is unknown."""
    try:
        rows = [*study.rows("idle_time", trace=name).dicts()]
    except UserError:
        return []
    known = [row for row in rows if row["gpu_idle_ns"] and row["host_sync_ns"] is not None]
    if not known:
        return []
    row = max(known, key=lambda row: row["gpu_busy_ns"])
    parts = [
        {"cause": text, "ns": ns, "frac": ns / row["gpu_idle_ns"]}
        for cause, (text, _) in CAUSES.items()
        if (ns := row[f"{cause}_ns"])
    ]
    return sorted(parts, key=lambda part: -part["ns"])


def _opportunities(bench: Workbench, trace_id: int) -> list[dict[str, Any]]:
    rows = bench.slow.rows("opportunity", bench.names[trace_id])
    rows.sort(key=lambda row: row["place_rank"])
    return [
        {
            "what": printable(row["what"]),
            "advice": printable(row["advice"]),
            "low_ns": row["saving_low_ns"],
            "high_ns": row["saving_high_ns"],
            "run_ns": row["run_ns"],
            "at_most": row["certainty"] == "at_most",
            "items": printable(row["items"], keep="\n"),
        }
        for row in rows[:_MOST_ROWS]
    ]


def _largest(places: list[dict[str, Any]], level: str) -> list[dict[str, Any]]:
    found = [place for place in places if place["level"] == level]
    if level == "category" or len(found) <= _MOST_ROWS:
        return found
    return found[:_MOST_ROWS]


def _link(trace_id: int, place: Mapping[str, Any]) -> str:
    """The timeline's address of the longest work item, or of all the work of a component."""
    if place["level"] == "component":
        return "timeline?" + urlencode(
            {"trace": trace_id, "from": place["from_ns"], "until": place["until_ns"]}
        )
    return "timeline?" + urlencode(
        {"trace": trace_id, "kind": "stream", "ref": place["longest_id"]}
    )
