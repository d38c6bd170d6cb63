"""Create a study's file, and open it to read or to write."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import duckdb

from genscope.analyze.connect import connect, first_line, why_not_opened
from genscope.analyze.load import attached, tables
from genscope.analyze.load.leftovers import remove_log
from genscope.analyze.new_file import is_taken, put_new
from genscope.errors import UserError


def open_read_only(
    path: Path, *, allow_files: bool = False, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a study to read, without names for its tables: see attached.name_tables.

    A query runs on all cores, or on so many threads.
    Raises UserError if it is missing, foreign, damaged or locked.
    """
    _refuse_folder(path)
    if not path.is_file():
        raise UserError(
            f"{path}: there is no such study; create it with 'genscope ingest ... --db {path}'"
        )
    return attached.open_attached(path, allow_files=allow_files, threads=threads)


def open_with_tables(path: Path, *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """Open a study to read, with all its tables. Raises UserError as open_read_only does."""
    con = open_read_only(path, threads=threads)
    try:
        attached.name_tables(con, path)
    except BaseException:
        con.close()
        raise
    return con


def open_to_write(path: Path, *, is_new: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a study to write, and create it if it is missing. Raises UserError if it can't.

    `is_new` says that the caller has just created it, so that nobody can have put code into it.
    """
    _refuse_folder(path)
    created = create_if_missing(path)
    try:
        con = connect(path)
        try:
            con.execute("SET enable_progress_bar = false")
            if not (is_new or created):
                attached.check_to_write(con, path)
                tables.check_schema(con, str(path))
                attached.hide_views(con)
            tables.store_metrics(con)
        except BaseException:
            con.close()
            raise
    except BaseException as error:
        if created:
            path.unlink(missing_ok=True)
        if isinstance(error, duckdb.Error):
            raise UserError(f"{path}: {why_not_opened(error)}") from error
        raise
    return con


def create_if_missing(path: Path, block_bytes: int = tables.LARGE_BLOCK) -> bool:
    """Create an empty study at `path` unless there is a file; true if this call created it.

    `block_bytes` is the size of the file's blocks, see tables.SMALL_BLOCK.
    An empty file counts as missing: a killed load may have left it.
    """
    if is_taken(path):
        return False
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(tables.empty_study(block_bytes))
        if is_taken(path):
            return False
        remove_log(path)
        return put_new(part, path)
    except (OSError, duckdb.Error) as error:
        why = (isinstance(error, OSError) and error.strerror) or first_line(error)
        raise UserError(
            f"{path}: the study can't be created here ({why}); choose a writable folder with free space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"{path}: this is a folder; name the study in it, such as study.duckdb")
