"""Open DuckDB databases. Nothing else does, so that no connection ever loads an extension.

DuckDB would download code for any function or file format that it does not know. All that genscope
needs (json, parquet and icu) is part of the wheel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

MEMORY = ":memory:"
_NO_EXTENSIONS = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
}
# DuckDB takes a nested loop for an ASOF join if it guesses that one side is small. It can't guess well behind
# filters and joins, and a wrong guess makes a query quadratic.
_NO_LOOP_JOINS = {"asof_loop_join_threshold": 0}
# a DuckDB file has these four bytes after an eight-byte checksum
_MAGIC = slice(8, 12)
_HOLDER = re.compile(r"Conflicting lock is held in .*?\((PID \d+)\)")
_DAMAGED = ("corrupt", "checksum", "enough bytes", "deserialize", "serialization", "internal error")
_ADVICE = {
    "already attached": "this process already has it open in another way; close that first",
    "not a valid DuckDB": "not a DuckDB database; pass the file that 'genscope ingest' created",
    "version number": "it was written by another version of DuckDB ({}); install that version",
}


def connect(
    path: str | Path = MEMORY,
    *,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open the database file at `path`, creating it if it is missing, or open one in memory.

    `config` adds DuckDB settings. Raises duckdb.Error as duckdb.connect does, and
    duckdb.IOException for a file of another program.
    """
    settings = {**_NO_LOOP_JOINS, **(config or {}), **_NO_EXTENSIONS}
    if str(path) == MEMORY:
        return duckdb.connect(MEMORY, read_only=read_only, config=settings)
    _refuse_foreign(Path(path))
    # an absolute path has no prefix, such as 'md:' or 'sqlite:', that DuckDB reads as an extension
    return duckdb.connect(str(Path(path).absolute()), read_only=read_only, config=settings)


def why_not_opened(error: duckdb.Error) -> str:
    """Why DuckDB could not open a study, and what to do, as the rest of a sentence."""
    text = first_line(error)
    holder = _HOLDER.search(text)
    if holder or "being used by another process" in text:
        which = f" ({holder[1]})" if holder else ""
        return f"another process{which} has it open; wait until it is done, or end it"
    if any(word in text.lower() for word in _DAMAGED) or isinstance(
        error, duckdb.FatalException | duckdb.InternalException
    ):
        return f"the file is damaged ({text}); re-ingest the traces into a new study"
    return next(
        (advice.format(text) for words, advice in _ADVICE.items() if words in text),
        f"cannot open the study ({text})",
    )


def literal(value: Any) -> str:
    """A text as SQL, and '?' for any other value: with placeholders, DuckDB imports all of pandas."""
    # no text ends within its doubled quotes, except at a character that ends any statement
    is_plain = isinstance(value, str) and "\0" not in value
    return "'" + value.replace("'", "''") + "'" if is_plain else "?"


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its kind where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _refuse_foreign(path: Path) -> None:
    """Raise for a file of another program: for a SQLite file, DuckDB would load an extension."""
    if not path.is_file() or path.stat().st_size == 0:
        return
    try:
        with path.open("rb") as file:
            head = file.read(_MAGIC.stop)
    except OSError:
        # DuckDB will say why it can't open the file
        return
    if head[_MAGIC] != b"DUCK":
        raise duckdb.IOException(f"{path} is not a valid DuckDB database file")
