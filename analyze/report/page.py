"""The report of a study: one HTML file that needs no network, from the answer down to the SQL.

All that it shows are rows of metrics. Each section has the query's text and its rows as CSV, and each
trace a result card. Plots are Bokeh's, with its script inlined, and a content policy forbids any request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.resources import files
from json import dumps
from typing import TYPE_CHECKING, Any

from genscope.analyze.answer import Answer
from genscope.analyze.chosen import literal
from genscope.analyze.csv_text import csv_text
from genscope.analyze.key_columns import key_columns
from genscope.analyze.predicted import NOTE as PREDICTED_NOTE
from genscope.analyze.predicted import has_predicted
from genscope.analyze.report.card import cards
from genscope.analyze.report.drawing import MOST_TRACES, Drawing
from genscope.analyze.report.finding import Finding
from genscope.analyze.report.findings import find, headline
from genscope.analyze.report.format import (
    LONGEST,
    OF_UNIT,
    SHORT,
    Table,
    capitalized,
    heading,
    packed,
    readable,
    shortened,
    table_of,
)
from genscope.analyze.report.glossary import TERMS, anchor, terms_of
from genscope.analyze.report.key_figures import key_figures
from genscope.analyze.report.label import bounded, labelled, labels_of
from genscope.analyze.report.sections import SIDES, group_of, sections_of
from genscope.analyze.report.traces_drawn import DECIDING, traces_drawn

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.report.drawing_process import Drawer
    from genscope.analyze.sql_file import SqlFile

Ask = Callable[[str, Mapping[str, str]], Answer]
# longest name within a sentence
LONGEST_NAME = 100
# columns that hold sentences of ours
SENTENCES = {"what", "advice"}
# rows of a section that the file holds; the study has all
MOST_ROWS = 2000
# sections that a reader of any report wants to see without a click
OPENED = {"trace_comparison", "opportunity", "stage_time", "operator_breakdown", "attention_split"}


@dataclass(frozen=True)
class Section:
    """One metric, ready for the page.

    `findings` are its sentences. `panels` are a caption and a height in px each, and `plots` what
    BokehJS draws in them, packed; `no_plot_reason` says why one is missing. `notes` say why there are
    no rows, or what they leave out. `terms` are the definitions behind its columns, each an HTML id
    and a term. `csv` are the rows, packed.
    """

    metric: str
    title: str
    sentence: str
    findings: tuple[Finding, ...]
    panels: tuple[tuple[str, int], ...]
    plots: str
    plot_note: str
    no_plot_reason: str
    notes: tuple[str, ...]
    terms: tuple[tuple[str, str], ...]
    table: Table
    csv: str
    relation: SqlFile


def page_of(
    plots: Drawer,
    *,
    relations: Iterable[SqlFile],
    traces: Callable[[], pl.DataFrame],
    names: Collection[str],
    ask: Ask,
) -> str:
    """The report's HTML, with its plots drawn by `plots`; the rest is as in write.write_report."""
    metrics = {relation.name: relation for relation in relations}
    sentences = sections_of(metrics.values(), len(names))
    answers: dict[str, Answer] = {}
    frames: dict[str, pl.DataFrame] = {}
    waiting: dict[str, Future[Drawing]] = {}
    kept: frozenset[int] = frozenset()
    table = traces()
    labels = labels_of(table)
    for name in sorted(sentences, key=lambda name: name not in DECIDING):
        is_comparison = metrics[name].params.keys() >= SIDES
        if is_comparison:
            first, second = (labels[side] for side in names)
            sentences[name] += f" The first is {first}, the second {second}."
        answers[name] = ask(name, _sides(names) if is_comparison else {})
        frames[name] = bounded(labelled(answers[name].frame, labels), LONGEST)
        if frames.keys() == DECIDING:
            kept = traces_drawn(frames, MOST_TRACES)
        # plots are drawn while DuckDB answers the next query
        for ready in frames.keys() - waiting.keys() if frames.keys() >= DECIDING else ():
            waiting[ready] = plots.draw(ready, frames[ready], kept)
    return _rendered(answers, frames, waiting, sentences, table)


def _sides(names: Collection[str]) -> dict[str, str]:
    """The parameters of a comparison of two traces."""
    return dict(zip(("first", "second"), map(literal, names), strict=True))


def _rendered(
    answers: Mapping[str, Answer],
    frames: Mapping[str, pl.DataFrame],
    drawings: Mapping[str, Future[Drawing]],
    sentences: Mapping[str, str],
    traces: pl.DataFrame,
) -> str:
    from genscope.analyze.plots.save import inline_script

    # all that needs no plot comes first, because some are still being drawn
    template = _template()
    findings = find(
        {name: bounded(frame, LONGEST_NAME, whole=SENTENCES) for name, frame in frames.items()}
    )
    first = headline(findings)
    sections = [
        _section(
            answers[name],
            frames[name],
            drawings[name],
            sentence,
            tuple(finding for finding in findings if finding.metric == name),
            only_trace=len(frames["trace_summary"]) == 1,
        )
        for name, sentence in sentences.items()
    ]
    filled = [section for section in sections if section.table.rows]
    return str(
        template.render(
            css=_text("page.css"),
            script=_text("page.js"),
            bokeh=inline_script(),
            any_predicted=has_predicted(frames["trace_summary"]),
            predicted_note=PREDICTED_NOTE,
            figures=key_figures(frames),
            findings=first,
            more_findings=[finding for finding in findings if finding not in first],
            cards=cards(frames["trace_summary"], traces),
            groups=_groups(filled),
            opened={finding.metric for finding in first} | OPENED,
            empty_sections=[section for section in sections if not section.table.rows],
            terms=[(anchor(term), term, text) for term, text in TERMS],
        )
    )


def _groups(sections: list[Section]) -> list[tuple[str, list[Section]]]:
    """Groups of sections, each with its title, without empty ones."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        found.setdefault(group_of(section.metric), []).append(section)
    return list(found.items())


def _section(
    answer: Answer,
    frame: pl.DataFrame,
    drawn: Future[Drawing],
    sentence: str,
    findings: tuple[Finding, ...],
    *,
    only_trace: bool,
) -> Section:
    relation = answer.relation
    columns = key_columns(relation, frame.columns)
    if only_trace and len(columns) > 1:
        columns = tuple(name for name in columns if name != "trace_name")
    if OF_UNIT & set(columns):
        columns = tuple(name for name in columns if name != "unit")
    title = relation.sections.get("Plot") or _words(relation.name)
    table = table_of(frame, columns)
    rows = bounded(answer.frame.head(MOST_ROWS), LONGEST)
    drawing = drawn.result()
    return Section(
        metric=relation.name,
        title=" ".join(title.split()),
        sentence=sentence,
        findings=findings,
        panels=tuple((readable(panel.caption), panel.height) for panel in drawing.panels),
        plots=packed(f"[{','.join(panel.item for panel in drawing.panels)}]"),
        plot_note=drawing.note,
        no_plot_reason=readable(drawing.no_plot_reason),
        notes=tuple(capitalized(readable(note)) for note in answer.notes),
        terms=tuple((anchor(term), term) for term in terms_of(answer.frame.columns)),
        table=table,
        csv="" if rows.is_empty() else packed(dumps(csv_text(rows))),
        relation=relation,
    )


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "capitalized": capitalized, "readable": readable, "rows_held": _rows_held, "shortened": shortened,
        "words": _words,
    }  # fmt: skip
    environment.globals["short"] = SHORT
    return environment.from_string(_text("page.html"))


def _words(name: str) -> str:
    """A metric's name as a heading: 'GPU time'."""
    return capitalized(heading(name))


def _rows_held(count: int) -> str:
    held = f"{min(count, MOST_ROWS):,} row{'' if count == 1 else 's'}"
    return held if count <= MOST_ROWS else f"the first {held} of {count:,}"


def _text(name: str) -> str:
    return (files("genscope.analyze.report") / name).read_text(encoding="utf-8")
