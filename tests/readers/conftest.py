"""Traces built in scratch databases, for the tests of readers."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from genscope.analyze.load import build, narrow, tables
from genscope.analyze.load.trace_file import find
from genscope.analyze.sql_file import create_statement, load_layer

Load = Callable[..., duckdb.DuckDBPyConnection]


@cache
def _base_tables() -> bytes:
    """A database of empty base tables, and what staging reads: a whole study takes 40 ms to open and write."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "base.duckdb"
        with duckdb.connect(str(path)) as con:
            for table in load_layer("schema"):
                narrow.create(con, table)
            tables.create_macros(con)
            for file in tables.attribution_files():
                if file.layer == "rules" and not file.is_of_traces and file.name != "anomaly_kind":
                    con.execute(create_statement(file))
        return path.read_bytes()


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """A function that reads one trace into a database of base tables and opens it."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def load_one(path: Path, *, keep: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
        found = replace(find([path])[0], trace_id=1, digest="0")
        folder = tmp_path / f"scratch-{len(opened)}"
        built = build.build_trace(found, folder, keep=keep, wanted=(), empty=_base_tables())
        con = duckdb.connect(str(built.path), read_only=True)
        opened.append(con)
        return con

    yield load_one
    for con in opened:
        con.close()
