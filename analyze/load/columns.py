"""Read a relation's columns as arrays, and insert arrays as a table's rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.narrow import TEXT_ID, text_ids
from genscope.analyze.readers import arrow_column
from genscope.analyze.readers.arrow_column import as_numpy, numbers

# rows of an Arrow batch
BATCH = 1 << 16

Columns = Mapping[str, NDArray[Any]]
# how to read a column: an expression without NULLs, and the type of its values
Asked = Mapping[str, tuple[str, type[np.integer[Any]]]]
# an int stands for all rows
Column: TypeAlias = NDArray[Any] | pa.Array | int
Rows = dict[str, Column]


def read(
    relation: duckdb.DuckDBPyRelation,
    columns: Asked,
) -> dict[str, NDArray[Any]]:
    """The columns by name."""
    asked = relation.project(
        ", ".join(f"{value} AS {name}" for name, (value, _) in columns.items())
    )
    # not batch by batch: on one thread, DuckDB 1.5.6 hangs where it streams half a million rows of
    # host_activity
    found = asked.to_arrow_table(BATCH)
    values: dict[str, NDArray[Any]] = {}
    for name, (_, kind) in columns.items():
        values[name] = values_of(found, name, kind)
        # the next column needs the memory
        found = found.drop_columns([name])
    return values


def values_of(table: pa.Table, name: str, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """One column of an Arrow table, without NULLs."""
    chunks = [as_numpy(chunk, kind) for chunk in table.column(name).chunks]
    return np.concatenate([np.zeros(0, kind), *chunks])


def relation_of(
    con: duckdb.DuckDBPyConnection, table: pa.Table | pa.RecordBatchReader
) -> duckdb.DuckDBPyRelation:
    """Rows of Arrow as a relation."""
    # pass the C stream: DuckDB imports pandas for any other Arrow object
    return con.from_arrow(table.__arrow_c_stream__())


def by_group(*keys: NDArray[Any]) -> Iterator[NDArray[np.int64]]:
    """The places of the rows of each combination of keys, in order of the keys and then of place."""
    if not len(keys[0]):
        return
    if all((key == key[0]).all() for key in keys):
        yield np.arange(len(keys[0]))
        return
    order = np.lexsort(keys[::-1])
    is_new = np.zeros(len(order) - 1, np.bool_)
    for key in keys:
        is_new |= key[order[1:]] != key[order[:-1]]
    yield from np.split(order, np.flatnonzero(is_new) + 1)


def places(trace_id: NDArray[Any]) -> dict[int, NDArray[np.int64]]:
    """The places of the rows of each trace."""
    return {int(trace_id[rows[0]]): rows for rows in by_group(trace_id)}


def insert(con: duckdb.DuckDBPyConnection, table: str, parts: Iterable[Rows]) -> None:
    """Insert the rows of all parts, whose columns are those of the table, in its order.

    One statement for all parts, which may be made while it runs: many short ones take twice as long.
    """
    batches = (_batch(rows) for rows in parts)
    for first in batches:
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        relation_of(con, reader).insert_into(table)


def insert_texts(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    traces: Sequence[int] | NDArray[np.int64],
    named: Sequence[str],
) -> None:
    """Insert what rows may say in their only column of texts: its number there is that in `named`."""
    if not len(traces):
        return
    trace = np.repeat(np.array(traces, np.int64), len(named))
    code = np.tile(np.arange(len(named)), len(traces))
    rows: Rows = {TEXT_ID: text_ids(trace, code), "trace_id": trace, column: texts(code, named)}
    insert(con, f"{table}_text", [rows])


def texts(codes: NDArray[Any], named: Sequence[str | None]) -> pa.Array:
    """A column of the texts that the codes number."""
    known = arrow_column.texts([None if text is None else text.encode() for text in named])
    return pa.DictionaryArray.from_arrays(numbers(codes.astype(np.int32)), known)


def one_value(value: int) -> pa.Array:
    """A column of one number; NULL above int64."""
    is_long = value > np.iinfo(np.int64).max
    return numbers(np.array([0 if is_long else value], np.int64), np.array([is_long]))


def flags(values: NDArray[np.bool_]) -> pa.Array:
    """A column of truth values."""
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def _batch(rows: Rows) -> pa.RecordBatch:
    count = max(len(column) for column in rows.values() if not isinstance(column, int))
    columns: list[pa.Array] = []
    for column in rows.values():
        values = np.full(count, column, np.int64) if isinstance(column, int) else column
        # pyarrow's own conversion imports all of pandas
        columns.append(numbers(values) if isinstance(values, np.ndarray) else values)
    return pa.RecordBatch.from_arrays(columns, list(rows))
