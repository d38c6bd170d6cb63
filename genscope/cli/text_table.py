"""A text table for a terminal or a file: one line per row, never wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from genscope.analyze.printable import cell, printable
from genscope.analyze.rows import Rows

if TYPE_CHECKING:
    import polars as pl

GAP = "  "
# longest cell in a terminal: the first limit with which all columns fit, else the last
CELL_LIMITS = (60, 40, 28)


def whole_table(frame: pl.DataFrame | Rows) -> str:
    """All columns and whole cells, however long the lines get."""
    columns = _columns(frame)
    return _text(columns, _widths(columns), [_counted(_height(frame))])


def fitted_table(
    frame: pl.DataFrame | Rows, width: int, key: Sequence[str] = (), shows_all: str = "--wide"
) -> str:
    """As many columns as fit into `width` characters, with long texts cut; a note names the others.

    If not all fit, those in `key` come first, and the note says that the option `shows_all` does so.
    """
    columns = _columns(frame)
    for limit in CELL_LIMITS:
        cut = [_cut_column(column, min(limit, max(width, 8))) for column in columns]
        if _total(_widths(cut)) <= width:
            return _text(cut, _widths(cut), [_counted(_height(frame))])
    places = [frame.columns.index(name) for name in key]
    places += [place for place in range(len(columns)) if place not in places]
    columns, cut = [columns[place] for place in places], [cut[place] for place in places]
    widths = _widths(cut)
    kept = next(n for n in range(len(cut), 0, -1) if n == 1 or _total(widths[:n]) <= width)
    names = [column.title for column in columns[kept:]]
    note = f"{len(names)} more columns: {', '.join(names)}; {shows_all} shows all"
    lines = wrap(note, max(width, 20), break_long_words=False) if names else []
    return _text(cut[:kept], widths[:kept], [_counted(_height(frame)), *lines])


class _Column:
    """A title, text cells, and whether they are numbers, which are aligned right."""

    def __init__(self, title: str, cells: Sequence[str], *, numeric: bool) -> None:
        self.title = title
        self.cells = cells
        self.numeric = numeric


def _height(frame: pl.DataFrame | Rows) -> int:
    return len(frame.values) if isinstance(frame, Rows) else frame.height


def _columns(frame: pl.DataFrame | Rows) -> list[_Column]:
    if isinstance(frame, Rows):
        found = zip(
            frame.columns,
            frame.are_numeric,
            ([row[at] for row in frame.values] for at in range(len(frame.columns))),
            strict=True,
        )
    else:
        kinds = (kind.is_numeric() for kind in frame.schema.values())
        found = zip(frame.columns, kinds, (series.to_list() for series in frame), strict=True)
    return [
        _Column(printable(name), [printable(cell(value)) for value in values], numeric=numeric)
        for name, numeric, values in found
    ]


def _cut_column(column: _Column, limit: int) -> _Column:
    cells = [_cut(text, limit) for text in column.cells]
    return _Column(_cut(column.title, limit), cells, numeric=column.numeric)


def _cut(text: str, limit: int) -> str:
    """The text cut to `limit` terminal columns; Chinese characters take two each."""
    from rich.cells import cell_len, set_cell_size

    if len(text) * 2 <= limit or cell_len(text[: limit + 1]) <= limit:
        return text
    return set_cell_size(text[:limit], limit - 1).rstrip() + "…"


def _widths(columns: Sequence[_Column]) -> list[int]:
    from rich.cells import cell_len

    return [max(map(cell_len, [column.title, *column.cells])) for column in columns]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _text(columns: Sequence[_Column], widths: Sequence[int], notes: Sequence[str]) -> str:
    rows = zip(*([column.title, *column.cells] for column in columns), strict=True)
    sides = [column.numeric for column in columns]
    lines = [_line(row, widths, sides) for row in rows]
    return "\n".join([*lines, *notes, ""])


def _line(row: Sequence[str], widths: Sequence[int], sides: Sequence[bool]) -> str:
    from rich.cells import cell_len

    padded = []
    for text, width, right in zip(row, widths, sides, strict=True):
        space = " " * (width - cell_len(text))
        padded.append(space + text if right else text + space)
    return GAP.join(padded).rstrip()


def _counted(rows: int) -> str:
    return f"({rows} row{'' if rows == 1 else 's'})"
