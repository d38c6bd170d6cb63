"""Statements that run side by side share DuckDB's memory: whichever finds none left is tried again."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import attribution, tables
from genscope.analyze.load.filled import Filled
from genscope.analyze.study import Study
from tests.readers.nsys_export import kernel, strings, write_export


class _Full:
    """A connection whose first question finds no memory left."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.refused = 0

    def execute(self, statement: str) -> Any:
        if statement.startswith("SELECT 1 FROM") and not self.refused:
            self.refused += 1
            raise duckdb.OutOfMemoryException("a test")
        return self._con.execute(statement)


def test_whether_a_source_has_rows_is_asked_again() -> None:
    relation = tables.table_files()["work_arithmetic"]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE work_cost AS SELECT 1 AS trace_id, 1 AS flops")
        full: Any = _Full(con)
        assert Filled().can_fill(full, relation)
    assert full.refused == 1


def test_the_texts_of_rules_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline = attribution.inline_patterns
    refused: list[str] = []

    def inline_patterns(con: duckdb.DuckDBPyConnection, relation: Any) -> str:
        if relation.name not in refused:
            refused.append(relation.name)
            raise duckdb.OutOfMemoryException("a test")
        return inline(con, relation)

    monkeypatch.setattr(attribution, "inline_patterns", inline_patterns)
    rows = {
        "StringIds": strings("gemm"),
        "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(0, 10, demangledName=1)],
    }
    (loaded,) = Study(tmp_path / "study.duckdb").ingest([write_export(tmp_path / "t.sqlite", rows)])
    assert loaded.status == "loaded"
    assert "kernel_category" in refused
