"""Write a result the way a shell or a program wants it: table, csv, json or parquet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genscope.analyze.printable import HIDDEN_PATTERN, printable, printable_json
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

Format = Literal["table", "csv", "json", "parquet"]


def write_result(frame: pl.DataFrame, fmt: Format, out: Path | None = None) -> None:
    """Write `frame` to `out`, or to standard output if that is None.

    'json' is one array of objects whose keys are the columns; 'parquet' needs a file. Names in a
    trace may hold control characters: 'table' and 'csv' show them as \\x1b, 'json' as its own
    \\u001b, only 'parquet' has them raw. A csv cell keeps its newlines and tabs, in quotes, and a
    leading '=' or '-' too: it is read by programs, and a guard would change names and numbers.
    """
    if fmt == "parquet" and out is None:
        raise UserError("found no --out; expected a file for parquet; add --out FILE")
    if fmt == "table":
        text = _table(frame, wide=out is not None)
    elif fmt == "csv":
        text = _csv(frame)
    elif fmt == "json":
        text = _json(frame)
    if out is None:
        print(text, end="", flush=True)
        return
    try:
        if fmt == "parquet":
            frame.write_parquet(out)
        else:
            out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{out}: cannot write the result ({error}); choose another --out"
        ) from error


def print_line(text: object, *, keep: str = "") -> None:
    """Print a text that may hold names of others; line ends in it stay only if `keep` has them."""
    print(printable(text, keep=keep), flush=True)


def print_listed(entries: Sequence[tuple[str, str]]) -> None:
    """Print lines of a name and a sentence, the sentences one below the other."""
    width = max((len(name) for name, _ in entries), default=0)
    lines = [f"{printable(name):<{width}}  {printable(text)}" for name, text in entries]
    print("\n".join(lines), flush=True)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.col(name).map_elements(lambda value: str(list(value)), return_dtype=pl.String)
        for name in nested
    )


def _csv(frame: pl.DataFrame) -> str:
    import csv
    from io import StringIO

    # not write_csv's own header: two names may be the same once they are printable
    header = StringIO()
    csv.writer(header, lineterminator="\n").writerow(map(printable, frame.columns))
    return header.getvalue() + _shown(_flat(frame)).write_csv(include_header=False)


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its texts printable; most columns have nothing to write out."""
    import polars as pl

    for name, kind in frame.schema.items():
        if kind == pl.String and frame[name].str.contains(HIDDEN_PATTERN).any():
            shown = [None if text is None else printable(text, keep="\n\t") for text in frame[name]]
            frame = frame.with_columns(pl.Series(name, shown, pl.String))
    return frame


def _json(frame: pl.DataFrame) -> str:
    import msgspec

    rows = msgspec.json.Encoder(decimal_format="number").encode(frame.to_dicts())
    return printable_json(msgspec.json.format(rows, indent=2).decode() + "\n")


def _table(frame: pl.DataFrame, *, wide: bool) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in frame.schema.items():
        title = Text(printable(name))
        table.add_column(title, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(Text(printable(cell(value))) for value in row))
    console = Console(width=400 if wide or not sys.stdout.isatty() else None)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return "\n".join([*lines, f"({frame.height} row{'' if frame.height == 1 else 's'})", ""])


def cell(value: object) -> str:
    """One value as a person reads it."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
