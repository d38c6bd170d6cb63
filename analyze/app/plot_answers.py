"""What the Plots and Attention pages ask for: plots drawn by HoloViews, as pictures and as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.drawn import items_of, one_at_a_time
from genscope.analyze.app.replies import File
from genscope.analyze.plots import theme
from genscope.analyze.plots.registry import names, plot_of
from genscope.analyze.plots.save import save_plot
from genscope.analyze.printable import cell, printable
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.app.workbench import Workbench

_TYPES = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html; charset=utf-8"}
_MOST_ROWS = 200
_CHARTED_ROWS = 5_000
_MOST_SERIES = 8


def listed(bench: Workbench, _: Mapping[str, str], __: bytes) -> dict[str, Any]:
    """Every plot: its query, title, sentence and parameters."""
    drawn = set(names())
    with bench.studies.one() as study:
        found = [file for file in study.relations() if file.name in drawn]
    return {
        "plots": [
            {
                "name": file.name,
                "title": file.sections.get("Plot", file.name).strip(),
                "sentence": file.sentence,
                "params": [[name, p.type, p.default, p.text] for name, p in file.params.items()],
            }
            for file in found
        ]
    }


def draw(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """One plot for BokehJS, or why there is none, the first rows behind it, and the query's text."""
    frame, statement, why_none = _frame(bench, arguments)
    plot = plot_of(arguments["name"])
    items = []
    try:
        items = [] if why_none else items_of(lambda: plot(frame.to_pandas()), arguments)
    except UserError as error:
        why_none = str(error)
    return {
        "items": items,
        "why_none": why_none[:1].upper() + why_none[1:],
        "columns": [printable(name) for name in frame.columns],
        "rows": [[printable(cell(v)) for v in row] for row in frame.head(_MOST_ROWS).iter_rows()],
        "row_count": frame.height,
        "sql": printable(statement, keep="\n"),
    }


def file(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> File:
    """One plot as PNG, SVG or HTML."""
    name, form = arguments["name"], arguments["form"]
    if form not in _TYPES:
        raise UserError("a plot can be saved as png, svg or html")
    frame, _statement, why_none = _frame(bench, arguments)
    if why_none:
        raise UserError(why_none)
    with TemporaryDirectory(prefix="genscope-") as folder, one_at_a_time():
        out = save_plot(plot_of(name)(frame.to_pandas()), Path(folder) / f"{name}.{form}")
        return File(out.read_bytes(), _TYPES[form], out.name)


def _frame(bench: Workbench, arguments: Mapping[str, str]) -> tuple[pl.DataFrame, str, str]:
    """The rows of a query for one trace, or for all if the address says trace=all; its text; why it has no rows."""
    trace = None
    if arguments.get("trace") != "all":
        trace = bench.names[bench.trace_id(arguments)]
    params = {k.removeprefix("p_"): v for k, v in arguments.items() if k.startswith("p_") and v}
    name = arguments["name"]
    with bench.studies.one() as study:
        if not study.is_about_traces(name):
            trace = None
        frame = study.query(name, trace=trace, params=params)
        why_none = ""
        if frame.is_empty():
            reasons = study.reasons(name, trace=trace)
            why_none = "; ".join(reasons) or f"{name} has no rows for this trace"
        return frame, study.relation(name).statement, why_none


def chart(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """A chart of the visitor's last answer: its first rows, the numbers over the first text column."""
    worker = bench.workers.of(arguments["visitor"])
    opened = worker.columns
    head, _content = worker.ask({"do": "page", "offset": 0, "limit": _CHARTED_ROWS}, 30.0)
    return {"items": items_of(lambda: _charted(opened, head["rows"]), arguments)}


def _charted(columns: list[dict[str, Any]], rows: list[list[Any]]) -> Any:
    """Bars over a text column with few values, else points over the first number."""
    import pandas as pd

    hv = theme.holoviews()
    frame = pd.DataFrame(rows, columns=[f"c{place}" for place in range(len(columns))])
    # hostile names must not be read as formats, so columns have names of our own
    labels = [theme.plain(theme.shorten(column["name"], 40)) for column in columns]
    numbers = [
        place
        for place, column in enumerate(columns)
        if column["number"] and not column["name"].endswith("_id")
    ]
    texts = [place for place, column in enumerate(columns) if not column["number"]]
    if not numbers or not rows:
        raise UserError("a chart needs a column with numbers and at least one row")
    options = {"responsive": True, "height": 340, "toolbar": "above", "backend": "bokeh"}
    if texts and frame[f"c{texts[0]}"].nunique() == len(frame) <= theme.MAX_BARS:
        key = hv.Dimension(f"c{texts[0]}", label=labels[texts[0]])
        value = hv.Dimension(f"c{numbers[-1]}", label=labels[numbers[-1]])
        frame[key.name] = [theme.plain(theme.shorten(str(v), 40)) for v in frame[key.name]]
        return hv.Bars(frame, key, value).opts(
            color="#0072b2",
            invert_axes=True,
            invert_yaxis=True,
            **{**options, "height": 90 + 22 * len(frame)},
        )
    frame["row"] = range(len(frame))
    first = numbers[0] if len(numbers) > 1 else None
    x = (
        hv.Dimension("row", label="row")
        if first is None
        else hv.Dimension(f"c{first}", label=labels[first])
    )
    series = [place for place in numbers if place != first][:_MOST_SERIES]
    drawn = [
        hv.Scatter(
            frame, x, hv.Dimension(f"c{place}", label=labels[place]), label=labels[place]
        ).opts(size=4, color=theme.OKABE_ITO[at], **options)
        for at, place in enumerate(series)
    ]
    return hv.Overlay(drawn) if len(drawn) > 1 else drawn[0]


def attention(bench: Workbench, arguments: Mapping[str, str], _: bytes) -> dict[str, Any]:
    """The attention calls of a trace by module and shape."""
    rows = bench.tables.rows("attention_place", of_trace=bench.trace_id(arguments)).dicts()
    return {
        "rows": [
            {k: printable(v) if isinstance(v, str) else v for k, v in row.items()} for row in rows
        ]
    }
