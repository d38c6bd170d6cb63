"""An answer as CSV text, the same from the command line and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genscope.analyze.printable import HIDDEN_PATTERN, printable, printable_json

if TYPE_CHECKING:
    import polars as pl


def csv_text(frame: pl.DataFrame) -> str:
    """The header and one line per row; lists and structs are JSON, bytes hexadecimal digits.

    Names in a trace may hold control characters, which are written as \\x1b. A cell keeps newlines and
    tabs, in quotes, and a leading '=' or '-': programs read it, and a guard would change names and numbers.
    """
    import csv
    from io import StringIO

    # not write_csv's own header, because two names may be equal once they are escaped
    header = StringIO()
    csv.writer(header, lineterminator="\n").writerow(map(printable, frame.columns))
    return header.getvalue() + _shown(_flat(frame)).write_csv(include_header=False)


def encoded(value: Any) -> bytes:
    """A value as JSON; one that JSON has no type for, such as a date, becomes text."""
    import msgspec

    return msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode(value)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with lists and structs as JSON text, and bytes as hexadecimal digits."""
    import polars as pl

    for name, kind in frame.schema.items():
        if kind.is_nested() or kind == pl.Object:
            texts = [None if value is None else _compact(value) for value in frame[name].to_list()]
        elif kind == pl.Binary:
            texts = [None if value is None else value.hex() for value in frame[name].to_list()]
        else:
            continue
        frame = frame.with_columns(pl.Series(name, texts, pl.String))
    return frame


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with escaped texts; most columns have nothing to escape."""
    import polars as pl

    for name, kind in frame.schema.items():
        if kind == pl.String and frame[name].str.contains(HIDDEN_PATTERN).any():
            shown = [None if text is None else printable(text, keep="\n\t") for text in frame[name]]
            frame = frame.with_columns(pl.Series(name, shown, pl.String))
    return frame


def _compact(value: Any) -> str:
    return printable_json(encoded(value).decode())
