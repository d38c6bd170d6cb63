"""Events of a trace in order of thread or stream and of start, without those that were written twice.

A file is mostly in order, but for its chunks, which several threads read. So the events are read as they
come, and each thread's or stream's are sorted by start alone. Only events that start at the same moment
are compared further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import BATCH
from genscope.analyze.load.numbered import At, gathered
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.load.sweep import LATEST_NS, by_start
from genscope.analyze.native.arrays import take
from genscope.analyze.readers.arrow_column import as_numpy, numbers

# more threads or streams take less time by the statement
_MOST_GROUPS = 1 << 12
# what a number of a stream has room for, and what NULL is there: the last one
_STREAM_BITS = 16
_NO_STREAM = (1 << _STREAM_BITS) - 1
_MOST_DEVICES = 1 << 14


class OddEventsError(Exception):
    """The events have a value that arrays have no place for, so the statement has to do it."""


@dataclass(frozen=True)
class Kind:
    """The rows of a base table among a trace's events, and their order.

    `columns` are of `relation`, where the `chosen` ones are the table's. They are in order of `group`, of
    start and of `keys`; one that is equal in all of those to the one before was written twice, unless
    `numbered_by` is NULL or 0. Of the keys, `longest_first` are in falling order.
    """

    relation: str
    chosen: str
    columns: tuple[str, ...]
    group: tuple[str, ...]
    keys: tuple[str, ...]
    longest_first: bool = False
    numbered_by: str = ""


def least(kind: Any) -> int:
    """What stands for NULL in an array of integers; NULL is last in order, so see _key."""
    return int(np.iinfo(kind).min)


def column(values: NDArray[Any]) -> pa.Array:
    """A column of such an array."""
    absent = values == least(values.dtype)
    return numbers(values, absent if absent.any() else None)


class OrderedEvents:
    """The events of a kind by column. Raises OddEventsError."""

    def __init__(self, con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
        self._kind, self._scratch = kind, Scratch(con)
        self._columns: Mapping[str, NDArray[Any]] = {}
        with ExitStack() as files:
            opened = {name: files.enter_context(self._scratch.open()) for name in kind.columns}
            found = con.table(kind.relation).filter(kind.chosen).project(", ".join(kind.columns))
            reader = found.to_arrow_reader(BATCH)
            types = [_type_of(field.type) for field in reader.schema]

            def blocks() -> Iterator[tuple[At, NDArray[Any]]]:
                first = 0
                for batch in reader:
                    values = {
                        name: _values(column, of)
                        for name, column, of in zip(kind.columns, batch.columns, types, strict=True)
                    }
                    _check_times(values)
                    for name, file in opened.items():
                        file.write(values[name].data)
                    yield np.arange(first, first + len(batch), dtype=np.int32), self._group(values)
                    first += len(batch)

            self._groups = dict(gathered(blocks()))
            self._columns = {
                name: self._scratch.of(file, of)
                for (name, file), of in zip(opened.items(), types, strict=True)
            }
        if len(self._groups) > _MOST_GROUPS:
            raise OddEventsError

    def groups(self) -> Iterator[Iterator[At]]:
        """Of each thread or stream the rows, a block of them at a time."""
        while self._groups:
            yield self._in_order(self._groups.pop(next(iter(self._groups))))

    def taken(self, name: str, rows: At) -> NDArray[Any]:
        """A column of some rows."""
        found = take(self._columns[name], rows)
        # the few rows of a stream may be on pages all over the column
        self._scratch.release_some()
        return found

    def _group(self, values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        first, *second = (values[name] for name in self._kind.group)
        if not second:
            return first
        stream = np.where(second[0] == least(second[0].dtype), _NO_STREAM, second[0])
        if not _within(first, _MOST_DEVICES) or not _within(stream, _NO_STREAM + 1):
            raise OddEventsError
        if (second[0] == _NO_STREAM).any():
            raise OddEventsError
        return (first << _STREAM_BITS) + stream.astype(np.int32)

    def _in_order(self, rows: At) -> Iterator[At]:
        start = self._columns["start_ns"]
        rows, first = by_start(self._scratch, start, rows), 0
        while first < len(rows):
            end = first + BLOCK
            # what starts at one moment is in one block
            while end < len(rows) and start[rows[end]] == start[rows[end - 1]]:
                end += 1
            yield self._distinct(rows[first:end])
            first = end

    def _distinct(self, rows: At) -> At:
        """Rows in order of start in order of the keys as well, each event once."""
        start = self.taken("start_ns", rows)
        ties = np.append(False, start[1:] == start[:-1])
        if not ties.any():
            return rows
        tied = np.flatnonzero(ties | np.append(ties[1:], False))
        keys = [start[tied], *(self._key(name, rows[tied]) for name in self._kind.keys)]
        order = np.lexsort(keys[::-1])
        rows = rows.copy()
        rows[tied] = rows[tied][order]
        is_same = np.ones(len(tied) - 1, np.bool_)
        for key in keys:
            is_same &= key[order[1:]] == key[order[:-1]]
        if self._kind.numbered_by:
            shared = self.taken(self._kind.numbered_by, rows[tied[1:]])
            is_same &= (shared != least(shared.dtype)) & (shared != 0)
        return np.delete(rows, tied[1:][is_same])

    def _key(self, name: str, rows: At) -> NDArray[Any]:
        """Numbers in the order of a key, NULL last."""
        values = self.taken(name, rows)
        if name == "dur_ns" and self._kind.longest_first:
            return -values
        # the least number becomes the largest
        key: NDArray[Any] = values - values.dtype.type(1)
        return key


def _type_of(kind: pa.DataType) -> type[np.integer[Any]]:
    return np.int32 if kind == pa.int32() else np.int64


def _values(column: pa.Array, kind: type[np.integer[Any]]) -> NDArray[Any]:
    values = as_numpy(column, kind)
    null = least(kind)
    if column.null_count == len(column):
        return np.full(len(column), null, kind)
    is_null = values == null
    if column.null_count:
        bits = np.frombuffer(column.buffers()[0], np.uint8)
        known = np.unpackbits(bits, bitorder="little")[column.offset :][: len(column)].view(
            np.bool_
        )
        is_null &= known
        values = np.where(known, values, kind(null))
    if is_null.any():
        raise OddEventsError
    return values


def _check_times(values: Mapping[str, NDArray[Any]]) -> None:
    """Sums of times must fit in int64."""
    start, dur = values["start_ns"], values["dur_ns"]
    if not len(start):
        return
    if start.min() <= -LATEST_NS or start.max() >= LATEST_NS or dur.max() >= LATEST_NS:
        raise OddEventsError


def _within(values: NDArray[Any], size: int) -> bool:
    return not len(values) or (int(values.min()) >= 0 and int(values.max()) < size)
