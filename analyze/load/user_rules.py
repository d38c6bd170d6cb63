"""Read a user's own kernel rules: a CSV of patterns and their categories."""

import csv
from pathlib import Path

import duckdb

from genscope.analyze.connect import connect
from genscope.errors import UserError

CATEGORIES = (
    "attention",
    "linear",
    "convolution",
    "group_norm",
    "normalization",
    "softmax",
    "elementwise",
    "quantization",
    "embedding",
    "resampling",
    "reduction",
    "copy",
    "communication",
    "other",
)


def read_rules(path: Path) -> list[tuple[int, str, str]]:
    """Rules of a CSV with the columns pattern and category, as (order, pattern, category).

    A pattern is a regular expression (RE2) that may match anywhere in a kernel's name; the first
    rule that matches wins. Raises UserError, with path and line, for a rule that can't be used.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it isn't UTF-8 text"
        raise UserError(f"{path}: the rules can't be read ({why}); pass a CSV file") from error
    if not rows or not {"pattern", "category"} <= rows[0].keys():
        raise UserError(
            f"{path}: rules need the columns pattern and category, and at least one row"
        )
    with connect() as con:
        return [_rule(con, path, line, row) for line, row in enumerate(rows, start=2)]


def _rule(
    con: duckdb.DuckDBPyConnection, path: Path, line: int, row: dict[str, str]
) -> tuple[int, str, str]:
    pattern, category = (row["pattern"] or "").strip(), (row["category"] or "").strip()
    if category not in CATEGORIES:
        raise UserError(
            f"{path}:{line}: there is no category {category!r}; choose one of {', '.join(CATEGORIES)}"
        )
    try:
        con.execute("SELECT regexp_matches('', ?)", [pattern]).fetchall()
    except duckdb.Error as error:
        raise UserError(
            f"{path}:{line}: {pattern!r} is not a regular expression ({error})"
        ) from error
    if not pattern:
        raise UserError(f"{path}:{line}: the pattern is empty; write a regular expression")
    return line - 1, pattern, category
