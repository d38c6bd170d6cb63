"""DuckDB and pyarrow read back what the writer of plain Parquet wrote."""

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from genscope.analyze.readers.kineto.plain_parquet import (
    ID,
    SIGNED,
    TEXT,
    UNSIGNED,
    Column,
    PlainWriter,
)
from tests.readers.test_kineto_fuzz import QUICK

COLUMNS = {"key": ID, "size": SIGNED, "External id": SIGNED, "addr": UNSIGNED, "arguments": TEXT}
Row = tuple[int, int | None, int | None, int | None, str | None]


def _numbers(least: int, most: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.sampled_from([least, most, 0]) | st.integers(least, most)


SIGNED_NUMBERS = _numbers(-(1 << 63), (1 << 63) - 1)
ROWS = st.tuples(
    st.integers(0, (1 << 31) - 1),
    SIGNED_NUMBERS,
    SIGNED_NUMBERS,
    _numbers(0, (1 << 64) - 1),
    st.none() | st.text(max_size=300),
)


def _written(path: Path, groups: list[list[Row]]) -> None:
    writer = PlainWriter(path, COLUMNS)
    for group in groups:
        keys, size, external, addr, arguments = ([*values] for values in zip(*group, strict=True))
        numbers = [Column.of(size, np.int64), Column.of(external, np.int64)]
        texts = Column.of([text if text is None else text.encode() for text in arguments])
        writer.write(np.array(keys, np.int32), [*numbers, Column.of(addr, np.uint64), texts])
    writer.close()


@QUICK
@given(st.lists(st.lists(ROWS, min_size=1, max_size=40), max_size=20))
def test_every_value_comes_back(tmp_path_factory: Any, groups: list[list[Row]]) -> None:
    path = tmp_path_factory.mktemp("plain") / "rows.parquet"
    _written(path, groups)
    rows = [row for group in groups for row in group]
    with duckdb.connect() as con:
        relation = con.read_parquet(str(path))
        assert dict(zip(relation.columns, map(str, relation.types), strict=True)) == {
            "key": "INTEGER",
            "size": "BIGINT",
            "External id": "BIGINT",
            "addr": "UBIGINT",
            "arguments": "VARCHAR",
        }
        assert relation.fetchall() == rows
    file = pq.ParquetFile(path)
    assert file.read().to_pydict() == {
        name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)
    }


def test_a_range_of_ids_is_known_for_each_row_group(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    _written(path, [[(key, None, 1, None, None) for key in keys] for keys in ([5, 3], [70_000])])
    about = pq.ParquetFile(path).metadata
    spans = [about.row_group(place).column(0).statistics for place in range(2)]
    assert [(span.min, span.max, span.null_count) for span in spans] == [
        (3, 5, 0),
        (70_000, 70_000, 0),
    ]
