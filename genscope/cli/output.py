"""Write a result the way a shell or a program wants it: table, csv, json or parquet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

Format = Literal["table", "csv", "json", "parquet"]


def write_result(frame: pl.DataFrame, fmt: Format, out: Path | None = None) -> None:
    """Write `frame` to `out`, or to standard output if that is None.

    'json' is one array of objects whose keys are the columns; 'parquet' needs a file.
    """
    if fmt == "parquet" and out is None:
        raise UserError("found no --out; expected a file for parquet; add --out FILE")
    if fmt == "table":
        text = _table(frame, wide=out is not None)
    elif fmt == "csv":
        text = _flat(frame).write_csv()
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


def print_listed(entries: Sequence[tuple[str, str]]) -> None:
    """Print lines of a name and a sentence, the sentences one below the other."""
    width = max((len(name) for name, _ in entries), default=0)
    print("\n".join(f"{name:<{width}}  {text}" for name, text in entries), flush=True)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.col(name).map_elements(lambda value: str(list(value)), return_dtype=pl.String)
        for name in nested
    )


def _json(frame: pl.DataFrame) -> str:
    import msgspec

    rows = msgspec.json.Encoder(decimal_format="number").encode(frame.to_dicts())
    return msgspec.json.format(rows, indent=2).decode() + "\n"


def _table(frame: pl.DataFrame, *, wide: bool) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console(width=400 if wide or not sys.stdout.isatty() else None)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return "\n".join([*lines, f"({frame.height} row{'' if frame.height == 1 else 's'})", ""])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
