"""What each metric says in the report: its rows and its plot, or the reason why there is none.

A report is asked for when something is odd. So a query that is refused, or a plot that can't be drawn,
is a section that says why; it never ends the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from genscope.analyze.report.format import LONGEST
from genscope.analyze.report.label import bounded, labelled
from genscope.cli.query import left_out, reasons
from genscope.errors import UserError

if TYPE_CHECKING:
    from genscope.analyze.sql_file import SqlFile
    from genscope.analyze.study import Study


@dataclass(frozen=True)
class Answer:
    """One metric's rows; `notes` say why there are none, or which traces they leave out."""

    relation: SqlFile
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """A metric's panels, each a caption, a div and a script; `silence` says why one is missing."""

    panels: tuple[tuple[str, str, str], ...] = ()
    silence: str = ""


def answers(
    study: Study, names: Iterable[str], labels: Mapping[str, str], trace: str | None
) -> dict[str, Answer]:
    """The answer of each metric, names of traces replaced by their labels."""
    known: dict[str, set[int]] = {}
    return {name: _answer(study, name, labels, trace, known) for name in names}


def _answer(
    study: Study,
    name: str,
    labels: Mapping[str, str],
    trace: str | None,
    known: dict[str, set[int]],
) -> Answer:
    relation = study.relation(name)
    asked = trace if study.is_about_traces(name) else None
    try:
        frame = study.query(name, trace=asked)
        notes = left_out(study, name, asked)
        if frame.is_empty():
            notes += reasons(study, name, asked, known)
    except UserError as error:
        return Answer(relation, _nothing(relation), (str(error),))
    except Exception as error:  # whatever a query of the user's own, or an odd value, brings up
        return Answer(relation, _nothing(relation), (_first_line(error),))
    frame = bounded(labelled(frame, dict(labels)), LONGEST)
    return Answer(relation, frame, tuple(notes))


def drawings(frames: Mapping[str, pl.DataFrame]) -> dict[str, Drawing]:
    """The plots of the metrics that have one and have rows."""
    from genscope.analyze.plots import registry

    drawn = set(registry.names())
    return {
        name: _drawing(name, frame)
        for name, frame in frames.items()
        if name in drawn and not frame.is_empty()
    }


def _drawing(name: str, frame: pl.DataFrame) -> Drawing:
    from genscope.analyze.plots import registry, theme

    try:
        element = registry.plot_of(name)(frame.to_pandas())
        with registry.drawing(name):
            elements = theme.panels_of(element)
    except UserError as error:
        return Drawing(silence=str(error).partition("; see")[0])
    panels = []
    silence = ""
    for panel in elements:
        try:
            with registry.drawing(name):
                panels.append(_panel(panel))
        except UserError as error:
            silence = str(error)
    return Drawing(tuple(panels), silence)


def _panel(element: Any) -> tuple[str, str, str]:
    """Caption, div and script of one plot. Its title goes into the page, where it can wrap."""
    from bokeh.embed import components

    from genscope.analyze.plots import theme

    figure = theme.bokeh_figure(element)
    figure.title.visible = False
    caption = str(figure.title.text)
    script, div = components(figure)
    return caption, div, script


def _nothing(relation: SqlFile) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(relation.columns, pl.String()))


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [""]
    return f"the query failed: {type(error).__name__}: {lines[0][:300]}"
