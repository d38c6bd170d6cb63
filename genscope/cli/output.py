"""Write a result as a table, csv, json or parquet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Literal

from genscope.analyze.csv_text import csv_text, encoded
from genscope.analyze.printable import printable, printable_json
from genscope.analyze.rows import Rows
from genscope.analyze.whole_file import check_writable, write_whole
from genscope.cli.text_table import fitted_table, whole_table
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

Format = Literal["table", "csv", "json", "parquet"]


def write_result(
    frame: pl.DataFrame | Rows,
    fmt: Format,
    out: Path | None = None,
    *,
    wide: bool = False,
    key: Sequence[str] = (),
    shows_all: str = "--wide",
) -> None:
    """Write `frame` to `out`, whole or not at all, or to standard output if `out` is None.

    'json' is one array of objects whose keys are the columns; 'parquet' needs a file. A table in a
    terminal has the columns that fit, those in `key` first, unless `wide`, and a note that the option
    `shows_all` shows the others; in a pipe or file it has all columns. Names in a trace may hold control
    characters: 'table' and 'csv' show them as \\x1b, 'json' as \\u001b, and 'parquet' keeps them raw. A csv
    cell keeps newlines and tabs, in quotes, and a leading '=' or '-', because programs read it, and a guard
    would change names and numbers.
    """
    check_out(fmt, out)
    if out is not None:
        write_whole(out, _content(frame, fmt))
        return
    if fmt == "table" and sys.stdout.isatty() and not wide:
        text = fitted_table(frame, get_terminal_size().columns, key, shows_all)
    else:
        text = str(_content(frame, fmt))
    print(text, end="", flush=True)


def check_out(fmt: Format, out: Path | None) -> None:
    """Raise UserError if a result can't be written there. Call it before a query, which may take long."""
    if out is not None:
        check_writable(out)
    elif fmt == "parquet":
        raise UserError("parquet can't be printed; add --out FILE")
    elif sys.stdout is None:
        raise UserError("standard output is closed; add --out FILE")


def print_line(text: object, *, keep: str = "") -> None:
    """Print a text with escaped control characters, except those in `keep`."""
    print(printable(text, keep=keep), flush=True)


def print_notes(name: str, lines: Iterable[str]) -> None:
    """Print on standard error what must be said next to an answer."""
    if sys.stderr is not None:
        for line in lines:
            sys.stderr.write(f"genscope: {printable(name)}: {printable(line)}\n")


def print_listed(entries: Sequence[tuple[str, str]]) -> None:
    """Print lines of a name and a sentence, with the sentences aligned."""
    width = max((len(name) for name, _ in entries), default=0)
    lines = [f"{printable(name):<{width}}  {printable(text)}" for name, text in entries]
    print("\n".join(lines), flush=True)


def _content(frame: pl.DataFrame | Rows, fmt: Format) -> str | bytes:
    if fmt == "table":
        return whole_table(frame)
    if isinstance(frame, Rows):
        raise TypeError("rows without types become a table only")
    return _parquet(frame) if fmt == "parquet" else {"csv": csv_text, "json": _json}[fmt](frame)


def _parquet(frame: pl.DataFrame) -> bytes:
    from io import BytesIO

    file = BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def _json(frame: pl.DataFrame) -> str:
    import msgspec

    rows = msgspec.json.format(encoded(frame.to_dicts()), indent=2)
    return printable_json(rows.decode() + "\n")
