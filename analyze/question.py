"""Allow only SQL that reads: everything else that SQL can do is refused.

A connection without file access is not enough: DuckDB lets each open database access its own file, so
COPY could overwrite the study, and some table functions change the logging of the whole process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import duckdb

from genscope.analyze.load.tables import quoted
from genscope.analyze.objection import refusal_of
from genscope.analyze.sql_file import SqlFile, create_statement
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.sql_file import SqlFile

EXPLAINED = ["explain_key", "explain_value"]
# these run text as SQL, read a memory address, or change the process from within a SELECT
_REFUSED = frozenset(
    {
        "arrow_scan",
        "arrow_scan_dumb",
        "checkpoint",
        "disable_logging",
        "disable_profile",
        "disable_profiling",
        "enable_logging",
        "enable_profile",
        "enable_profiling",
        "force_checkpoint",
        "json_execute_serialized_sql",
        "pandas_scan",
        "python_map_function",
        "query",
        "query_table",
        "seq_scan",
        "truncate_duckdb_logs",
        "write_log",
    }
)
_EXPLAIN = re.compile(r"\s*EXPLAIN\s+(ANALYZE\s+)?(\(\s*FORMAT\s+\w+\s*\)\s*)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")
# statements about one relation, or about all of them
_LISTING = frozenset({"show", "describe"})
_CATALOGUES = ("duckdb_", "pg_", "sqlite_", "information_schema")


def check_question(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raise UserError unless the text is one SELECT, or EXPLAIN of one, that changes nothing."""
    if is_explain(con, text):
        text = text[_explained(text) :]
    kind = _only_kind(con, text)
    if kind != "SELECT":
        raise UserError(
            f"a study can only be read, so {kind} isn't allowed; write a SELECT, or use --out or "
            "--allow-files to write a file"
        )
    called = _functions(con, text) & _REFUSED
    if called:
        raise UserError(
            f"the function {min(called)}() can do more than read, so it isn't allowed; "
            "write the SELECT without it"
        )


def check_files_question(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """As check_question, but also allow COPY, which reads or writes files."""
    if _only_kind(con, text) != "COPY":
        check_question(con, text)


def check_definition(con: duckdb.DuckDBPyConnection, file: SqlFile) -> None:
    """Raise UserError, with the file's origin, unless a user's query passes check_question."""
    try:
        check_question(con, file.statement)
        # a parameter's default is also SQL
        if [kind for kind, _ in _statements(con, create_statement(file))] != ["CREATE"]:
            raise UserError("a parameter's default must be one value; remove the rest")
    except UserError as error:
        raise UserError(f"{file.origin}: {error}") from error


def answer(con: duckdb.DuckDBPyConnection, text: str, most_rows: int | None = None) -> pl.DataFrame:
    """Run a statement and return its rows, or the first `most_rows` of them.

    Raises UserError if a column has a type that polars doesn't know.
    """
    import polars as pl

    # limited by DuckDB, which computes all of an answer before the first row is fetched, see attached
    result = con.execute(text) if most_rows is None else con.sql(text).limit(most_rows)
    for name, kind, *_ in result.description or ():
        # polars has no such type, and panics over one in a list
        if "INTERVAL" in str(kind):
            raise UserError(f"the column {name} holds intervals; cast it to VARCHAR")
    if most_rows is None:
        return result.pl()
    table = result.to_arrow_table()
    return pl.DataFrame(pl.from_arrow(table.rename_columns(_told_apart(table.column_names))))


def mentioned(text: str, names: Iterable[str]) -> list[str]:
    """The names that are words of a statement; all of them if it may list what there is."""
    words = set(_WORD.findall(text.lower()))
    every = list(names)
    found = [name for name in every if name.lower() in words]
    lists_all = words & _LISTING and ("tables" in words or not found)
    return every if lists_all or any(word.startswith(_CATALOGUES) for word in words) else found


def unfolded(plan: pl.DataFrame) -> pl.DataFrame:
    """The answer of EXPLAIN with one row per line of the plan."""
    import polars as pl

    return plan.with_columns(pl.col(EXPLAINED[1]).str.split("\n")).explode(EXPLAINED[1])


def reads_catalog(con: duckdb.DuckDBPyConnection, text: str, catalog: str) -> bool:
    """Whether a SELECT names a table of a database, as in catalog.table; true too if that can't be known."""
    tree = _tree(con, text)
    if tree["error"]:
        return catalog in _WORD.findall(text.lower())
    named = (*_values(tree, "catalog_name"), *_values(tree, "schema_name"))
    return catalog in {str(name).lower() for name in named}


def is_explain(con: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Whether the text is one EXPLAIN statement."""
    return [kind for kind, _ in _statements(con, text)] == ["EXPLAIN"]


def _told_apart(names: list[str]) -> list[str]:
    """Unique column names: the second `name` becomes name_1, as in DuckDB's own frames."""
    found: list[str] = []
    for name in names:
        number, wanted = 0, name
        while wanted in found:
            number += 1
            wanted = f"{name}_{number}"
        found.append(wanted)
    return found


def _explained(text: str) -> int:
    start = _EXPLAIN.match(text)
    if start is None:
        raise UserError("EXPLAIN must be the first word; remove what comes before it")
    return start.end()


def _only_kind(con: duckdb.DuckDBPyConnection, text: str) -> str:
    found = _statements(con, text)
    # for PIVOT, DuckDB adds a statement without text
    kinds = [kind for kind, written in found if kind != "CREATE" or written]
    if not kinds:
        raise UserError("the statement is empty; write a SELECT")
    if len(kinds) > 1:
        raise UserError(f"there are {len(kinds)} statements; write one at a time")
    return kinds[0]


def _statements(con: duckdb.DuckDBPyConnection, text: str) -> list[tuple[str, str]]:
    try:
        return [(found.type.name, found.query) for found in con.extract_statements(text)]
    except duckdb.Error as error:
        raise UserError(refusal_of(error)) from error


def _functions(con: duckdb.DuckDBPyConnection, text: str) -> set[str]:
    """The functions that a SELECT calls; if DuckDB can't serialize it, every word in it."""
    tree = _tree(con, text)
    if tree["error"]:
        return set(_WORD.findall(text.lower()))
    return {str(name).lower() for name in _values(tree, "function_name")}


def _tree(con: duckdb.DuckDBPyConnection, text: str) -> dict[str, Any]:
    """A SELECT as DuckDB's parser sees it, or `error`."""
    # a list of parameters would make DuckDB import all of pandas
    row = con.execute(f"SELECT json_serialize_sql('{quoted(text)}')").fetchone()
    try:
        return dict(json.loads(row[0])) if row else {"error": True}
    except RecursionError:
        return {"error": True}


def _values(tree: Any, key: str) -> Iterator[Any]:
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if key in node:
                yield node[key]
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
