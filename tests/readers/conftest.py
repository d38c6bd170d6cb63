"""Traces built in scratch databases, for the tests of readers."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.load import build
from genscope.analyze.load.trace_file import find

Load = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """A function that reads one trace into a database of base tables and opens it."""
    opened: list[duckdb.DuckDBPyConnection] = []

    def load_one(path: Path, *, keep: Collection[str] = ()) -> duckdb.DuckDBPyConnection:
        found = replace(find([path])[0], trace_id=1, digest="0")
        folder = tmp_path / f"scratch-{len(opened)}"
        path = build.build_trace(found, folder, keep=keep, wanted=()).path
        con = duckdb.connect(str(path), read_only=True)
        opened.append(con)
        return con

    yield load_one
    for con in opened:
        con.close()
