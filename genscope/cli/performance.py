"""Print what limits each trace: the opportunities, worst first, and the answers to six questions."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genscope import open
from genscope.analyze.load.ingest import ingest
from genscope.analyze.predicted import NOTE, mark
from genscope.analyze.printable import printable, printable_json
from genscope.analyze.report.format import saving
from genscope.analyze.written import duration, percent

# the colour of an answer
_COLOURS = {"yes": "green", "no": "red", "unknown": "yellow"}
ASKED = ("opportunity", "performance_check", "gpu_time", "step_breakdown")
# question_order of "Is the device busy?"
_BUSY = 1
# what is said about a trace in which nothing was found
NOTHING = "nothing was found that would save 1 % of the run"
ORDER = "in order of the expected saving, or of its bound where only that is known"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What limits one trace: rows of opportunity and performance_check, or why there are none."""

    trace: str
    is_predicted: bool
    refusal: str | None
    opportunities: tuple[Row, ...]
    questions: tuple[Row, ...]
    # what the answer about the busy device doesn't say
    busy_notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for json.dumps."""
        return {
            "trace": self.trace,
            "predicted": NOTE if self.is_predicted else None,
            "refusal": self.refusal,
            "opportunities": [dict(row) for row in self.opportunities],
            "questions": [dict(row) for row in self.questions],
            "busy_notes": list(self.busy_notes),
        }


def print_performance(paths: Sequence[Path], fmt: str) -> int:
    """Load the traces into a study that is thrown away, and print what limits each, as 'table' or 'json'.

    Python frames are loaded too, because a line says what to change. Returns 1 if a file can't be
    read, else 0.
    """
    with TemporaryDirectory(prefix="genscope-") as folder:
        file = Path(folder) / "study.duckdb"
        failed = [result.error for result in ingest(file, paths, python=True) if result.error]
        found = verdicts(file)
    for error in failed:
        print(f"genscope: {printable(error)}", file=sys.stderr)
    if fmt == "json":
        print(printable_json(json.dumps([verdict.to_json() for verdict in found], indent=2)))
    else:
        _print_table(found)
    return 1 if failed else 0


def verdicts(study_file: Path) -> list[Verdict]:
    """What limits each trace of a study, in order of trace_id."""
    with open(study_file) as study:
        names = study.names()
        study.share(ASKED)
        answers = {name: study.answer(name) for name in ASKED}
        refusals = dict(
            study.sql("SELECT * FROM time_refusal").select("trace_id", "refusal").iter_rows()
        )
        predicted = set(study.traces().filter("predicted")["trace_id"])
    rows = {
        name: answer.frame.to_dicts() if answer.frame.width else []
        for name, answer in answers.items()
    }
    notes = answers["opportunity"].notes
    found = []
    for trace_id, name in names.items():
        mine = {
            metric: tuple(row for row in of_all if row["trace_id"] == trace_id)
            for metric, of_all in rows.items()
        }
        refusal = None if trace_id in predicted else refusals.get(trace_id)
        # a trace without opportunities has an answer too
        left_out = next((n for n in notes if name in n and "there are none" not in n), None)
        found.append(
            Verdict(
                name,
                trace_id in predicted,
                refusal or left_out,
                mine["opportunity"],
                mine["performance_check"],
                tuple(
                    _busy_notes(mine["performance_check"], mine["gpu_time"], mine["step_breakdown"])
                ),
            )
        )
    return found


def _busy_notes(
    questions: Sequence[Row], gpu_time: Sequence[Row], steps: Sequence[Row]
) -> Iterator[str]:
    """How the busy time divides, and how much was recorded around it, where that is much."""
    busy = _busy(questions)
    if busy is None or busy["value"] is None:
        return
    much = 1 - busy["threshold"]
    for row in gpu_time:
        copies_ns = row["gpu_busy_ns"] - row["kernel_busy_ns"]
        if copies_ns > much * row["gpu_span_ns"]:
            kernels, copies = (
                percent(ns / row["gpu_span_ns"]) for ns in (row["kernel_busy_ns"], copies_ns)
            )
            yield f"kernels run for {kernels} of it, and copies alone for {copies}"
    known = [row for row in steps if row["basis"] == "host" and row["edge_ns"] is not None]
    edge_ns, all_ns = (sum(row[name] for row in known) for name in ("edge_ns", "step_ns"))
    if edge_ns > much * all_ns:
        what = "the recording" if known[0]["step"] is None else "the recorded steps"
        yield (
            f"not in it: {duration(edge_ns)} of {duration(all_ns)} of {what} ({percent(edge_ns / all_ns)}),"
            " before the device's first event or after its last"
        )


def _print_table(found: Sequence[Verdict]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for verdict in found:
        for line, colour in lines(verdict):
            console.print(Text(printable(line), style=colour))
        console.print()


def lines(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """The lines about one trace, each with its colour."""
    yield verdict.trace, "bold"
    if verdict.is_predicted:
        yield f"  {NOTE}", "yellow"
    if verdict.refusal:
        yield f"  no savings are given: {verdict.refusal}", "yellow"
    elif not verdict.opportunities:
        yield _nothing(verdict)
    if len(verdict.opportunities) > 1:
        yield f"  {ORDER}", "dim"
    devices = {row["device_id"] for row in verdict.opportunities}
    for row in verdict.opportunities:
        yield from _opportunity(row, names_device=len(devices) > 1)
    if not verdict.questions:
        yield "  no kernels were recorded, so only operators were judged", "yellow"
    for row in verdict.questions:
        yield f"  {row['answer']:<8} {_question(row)}", _COLOURS[row["answer"]]
        if row["question_order"] == _BUSY:
            yield from ((f"           {note}", "yellow") for note in verdict.busy_notes)


def _nothing(verdict: Verdict) -> tuple[str, str]:
    busy = _busy(verdict.questions)
    if busy is None or busy["answer"] != "no":
        return f"  {NOTHING}", "green"
    share = percent(busy["value"])
    return f"  {NOTHING}, but the device is busy for {share} of it: idle_time says why", "yellow"


def _busy(questions: Sequence[Row]) -> Row | None:
    """The answer about the busy device."""
    return next((row for row in questions if row["question_order"] == _BUSY), None)


def _opportunity(row: Row, *, names_device: bool) -> Iterator[tuple[str, str]]:
    predicted = f" ({mark(row)})" if row["predicted"] else ""
    yield f"  {row['place_rank']}. saves {saving(row)}{predicted}: {row['kind']}", "bold"
    where = f" (GPU {row['device_id']})" if names_device else ""
    yield f"     {row['what']}{where}", ""
    expected = ""
    if row["certainty"] != "at_most" and row["saving_low_ns"] < row["saving_high_ns"]:
        expected = f", of which a fix is expected to save {duration(row['saving_ns'])}"
    yield f"     takes {duration(row['cost_ns'])}{expected}; the saving: {row['computed']}", ""
    yield f"     advice: {row['advice']}", ""
    if row["shared_with"]:
        yield f"     shares its time with: {row['shared_with']}", ""
    yield f"     counts: {row['items']}", "dim"


def _question(row: Row) -> str:
    if row["value"] is None:
        return f"{row['question']} {row['why_unknown']}"
    limit = "at least" if row["is_least"] else "at most"
    value, threshold = (_written(row[name], row["unit"]) for name in ("value", "threshold"))
    return f"{row['question']} {value} {row['value_words']} ({limit} {threshold})"


def _written(value: float, unit: str) -> str:
    if unit == "frac":
        return percent(value)
    return duration(value) if unit == "ns" else f"{value:,.0f}"
