"""Show a study as a small table at the end of a notebook's cell."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

_COLUMNS = ("name", "model", "attention", "device_name", "predicted", "event_count")
_MOST_ROWS = 20


class ShownInNotebook:
    """What a notebook shows of a study: its traces, or why it can't be opened."""

    path: Path

    def traces(self) -> pl.DataFrame:
        """The table `trace`, one row per loaded file."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        try:
            traces = self.traces()
        except UserError as error:
            return f"<p>{escape(str(error))}</p>"
        rows = traces.select(_COLUMNS).head(_MOST_ROWS).iter_rows()
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
        head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
        shown = f", the first {_MOST_ROWS} below" if traces.height > _MOST_ROWS else ""
        caption = f"{escape(str(self.path))}: {traces.height:,} traces{shown}"
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return f"<td>{'' if value is None else escape(text)}</td>"
