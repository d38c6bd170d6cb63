"""Put together what the parts of a lake said: Parquet files, one or more for each part and relation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from genscope.analyze import question, refusal
from genscope.analyze.connect import connect
from genscope.analyze.load import narrow
from genscope.analyze.load.kept_views import kept_views
from genscope.analyze.load.tables import create_temporary, empty_study, quoted, table_files
from genscope.analyze.objection import refusal_of
from genscope.analyze.parameters import call_of
from genscope.analyze.sql_file import SqlFile
from genscope.errors import UserError

if TYPE_CHECKING:
    import polars as pl


def put_together(folder: Path, why_none: str) -> pl.DataFrame:
    """The rows of all files in `folder`, in order of trace. Raises UserError with `why_none` without any."""
    if not _files(folder):
        raise UserError(why_none)
    with connect() as con:
        rows = con.execute(f"SELECT * FROM {_read(folder)}").pl()
    # those of one trace stay in the order that the query gave them
    return rows.sort("trace_id", maintain_order=True) if "trace_id" in rows.columns else rows


def over_parts(folder: Path, statement: str, why_none: str) -> pl.DataFrame:
    """The rows of a SELECT over the table `part`, which holds the rows of all files in `folder`."""
    if not _files(folder):
        raise UserError(why_none)
    with connect() as con:
        con.execute(f"CREATE TABLE part AS SELECT * FROM {_read(folder)}")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        question.check_question(con, statement)
        try:
            return question.answer(con, statement)
        except duckdb.Error as error:
            raise UserError(refusal_of(error)) from error


def merged(
    folder: Path, metrics: Sequence[tuple[SqlFile, Mapping[str, Any]]], relations: set[str]
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each metric's name and rows, over the rows of `relations` of all traces."""
    with _study_of(folder, relations) as con:
        refused = refusal.refused(con)
        for metric, params in metrics:
            # the statement itself: one with its views inside would compute what is given as a table
            create_temporary(con, refusal.without_refused(metric, refused))
            refusal.check_sides(con, metric, params, refused)
            refusal.answerable_traces(con, metric, None, refused)
            source, values = call_of(metric, params)
            try:
                yield metric.name, con.execute(f"SELECT * FROM {source}", values).pl()
            except duckdb.Error as error:
                raise UserError(refusal_of(error)) from error


@contextmanager
def _study_of(folder: Path, relations: set[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A study on disk with these relations filled; a view among them becomes a table."""
    known = table_files()
    with TemporaryDirectory(prefix="genscope-") as scratch:
        path = Path(scratch) / "merged.duckdb"
        path.write_bytes(empty_study())
        with connect(path) as con:
            con.execute("SET enable_progress_bar = false")
            for name in sorted(relations, key=list(known).index):
                if name in kept_views():
                    con.execute(f"DROP VIEW IF EXISTS {name}")
                    con.execute(f"CREATE TABLE {name} AS SELECT * FROM {_read(folder / name)}")
                elif _files(folder / name):
                    narrow.insert(con, known[name], f"SELECT * FROM {_read(folder / name)}")
            yield con


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _read(folder: Path) -> str:
    """The files as a table; where one has no row of a column, its type is that of the others."""
    return f"read_parquet('{quoted(folder)}/*.parquet', union_by_name = true)"
