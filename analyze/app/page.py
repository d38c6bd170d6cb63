"""A live page over one study: choose a query and traces, see the plot, table and SQL, write your own.

Names come from traces, so they are always shown as text, never as HTML.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.printable import cell, printable
from genscope.analyze.study import Study
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

QUERY_SECONDS = 20.0
MAX_ROWS = 10_000
_ALL = "all traces"
_THREADS = 4
# HoloViews keeps the options of all plots in global state
_drawing = threading.Lock()


class Asked:
    """One visitor's study, used by one thread at a time: a new query ends the previous one."""

    def __init__(self, path: Path) -> None:
        self.study = Study(path)
        self._turn = threading.Lock()

    @contextmanager
    def limited(self, seconds: float = QUERY_SECONDS) -> Iterator[Study]:
        """The study for one query. Raises UserError if it takes longer than `seconds`."""
        while not self._turn.acquire(timeout=0.05):
            self.study.interrupt()
        done, late = threading.Event(), threading.Event()

        def watch() -> None:
            if done.wait(seconds):
                return
            late.set()
            # an interrupt between two steps of a query is lost, so repeat it
            while not done.wait(0.05):
                self.study.interrupt()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield self.study
        except UserError as error:
            if late.is_set():
                raise UserError(
                    f"the query was stopped after {seconds:g} s; choose a trace or select less"
                ) from error
            raise
        finally:
            done.set()
            watcher.join()
            self._turn.release()


def page_of(path: Path) -> Any:
    """The page's panel layout, with its own studies, which close when the visitor leaves."""
    import panel

    panel.extension("tabulator", "codeeditor", nthreads=_THREADS, defer_load=True)
    asked, own = Asked(path), Asked(path)

    def leave(_: Any) -> None:
        asked.study.close()
        own.study.close()

    panel.state.on_session_destroyed(leave)
    names = [file.name for file in asked.study.relations() if not file.params]
    traces = {printable(name): name for name in asked.study.traces()["name"]}
    name = panel.widgets.Select(name="Query", options=names)
    trace = panel.widgets.Select(name="Trace", options={_ALL: None, **traces})
    code = panel.widgets.CodeEditor(
        value="SELECT name, path FROM trace",
        language="sql",
        height=120,
        sizing_mode="stretch_width",
    )
    run = panel.widgets.Button(name="Run", button_type="primary")

    def answered(name: str, trace: str | None) -> Any:
        return answer_of(asked, name, trace)

    def own_answered(clicks: int) -> Any:
        return own_answer(own, code.value) if clicks else ""

    return panel.Column(
        text_of(path.name, "h1"),
        panel.Row(name, trace),
        panel.Column(panel.bind(answered, name, trace), sizing_mode="stretch_width"),
        text_of("Your own SQL", "h2"),
        code,
        run,
        panel.bind(own_answered, run.param.clicks),
        sizing_mode="stretch_width",
    )


def answer_of(asked: Asked, name: str, trace: str | None) -> Any:
    """Sentence, plot, table and SQL of one query, or the reason why it can't be answered."""
    import panel

    relation = asked.study.relation(name)
    try:
        with asked.limited() as study:
            frame = study.query(name, trace=trace)
    except UserError as reason:
        return text_of(reason)
    return panel.Column(
        text_of(relation.sentence),
        _picture(name, frame),
        *table_of(frame),
        panel.Card(text_of(relation.statement, "pre", keep="\n"), title="SQL", collapsed=True),
    )


def own_answer(asked: Asked, statement: str) -> Any:
    """The first rows of a visitor's own SELECT, or the error as text."""
    import panel

    try:
        with asked.limited() as study:
            frame = study.sql(statement, most_rows=MAX_ROWS + 1)
    except UserError as reason:
        return text_of(reason)
    return panel.Column(*table_of(frame), sizing_mode="stretch_width")


def text_of(text: object, tag: str = "p", *, keep: str = "") -> Any:
    """A pane that shows the text as it is, never as HTML or Markdown."""
    import panel

    shown = f"<{tag}>{escape(printable(text, keep=keep))}</{tag}>"
    return panel.pane.HTML(shown, sizing_mode="stretch_width")


def table_of(frame: pl.DataFrame) -> list[Any]:
    """The rows, at most MAX_ROWS, and a sentence if there are more.

    Tabulator reads a column's title as HTML, and a name with a dot as a path, so columns get names
    of our own, and titles are escaped.
    """
    import pandas as pd
    import panel

    first = frame.head(MAX_ROWS)
    titles = {f"c{place}": escape(printable(name)) for place, name in enumerate(frame.columns)}
    table = pd.DataFrame(
        {
            name: column.to_pandas() if column.dtype.is_numeric() else [*map(_text, column)]
            for name, column in zip(titles, first.iter_columns(), strict=True)
        }
    )
    numeric = [column.dtype.is_numeric() for column in frame.iter_columns()]
    texts = [name for name, number in zip(titles, numeric, strict=True) if not number]
    shown = panel.widgets.Tabulator(
        table,
        titles=titles,
        formatters={column: {"type": "plaintext"} for column in texts},
        disabled=True,
        pagination="local",
        page_size=20,
        show_index=False,
    )
    more = [text_of(f"The first {MAX_ROWS:,} rows.")] if frame.height > MAX_ROWS else []
    return [shown, *more]


def _text(value: object) -> str:
    return printable(cell(value))


def _picture(name: str, frame: pl.DataFrame) -> Any:
    import panel

    from genscope.analyze.plots.registry import plot_of

    try:
        with _drawing:
            return panel.pane.HoloViews(plot_of(name)(frame.to_pandas()), backend="bokeh")
    except UserError as reason:
        return text_of(reason)
