"""Loads for tests that look at few tables: attribution, which takes most of a small load, fills those alone."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import duckdb
import pytest

from genscope.analyze.load import attribution


@contextmanager
def loads_for(*names: str) -> Iterator[None]:
    """Meanwhile a load in this process fills the base tables, and what these metrics and tables read."""
    attribute = attribution.attribute

    def fill(
        con: duckdb.DuckDBPyConnection, wanted: Collection[str] | None = None, *, workers: int = 1
    ) -> None:
        attribute(con, names if wanted is None else wanted, workers=workers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attribution, "attribute", fill)
        yield
