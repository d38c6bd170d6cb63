"""Write columns to a Parquet file as they are: neither compressed nor with dictionaries.

A page then is a copy of its values, which takes a fraction of the time of pyarrow's writer. What the
numbers mean: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"PAR1"
# several pages go into one system call
_BUFFER_BYTES = 1 << 20
# types of columns
_INT32, _INT64, _BYTE_ARRAY = 1, 2, 6
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE = 0, 3
_UNCOMPRESSED = 0
# types of Thrift's compact protocol
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_Member = tuple[int, bytes]


class Kind(NamedTuple):
    """A type of columns: how values are stored, and what that stands for unless it is a signed integer."""

    stored: int
    stands_for: int | None = None


ID, SIGNED, UNSIGNED, TEXT = Kind(_INT32), Kind(_INT64), Kind(_INT64, 14), Kind(_BYTE_ARRAY, 0)


class Column(NamedTuple):
    """The values of the rows that have one, and which rows have: bool[row], or None for all."""

    values: NDArray[np.integer[Any]] | list[bytes]
    present: NDArray[np.bool_] | None = None

    @classmethod
    def of(
        cls, values: Sequence[Any], kind: type[np.integer[Any]] | None = None
    ) -> "Column | None":
        """A column of integers of a kind, or else of texts, from a list with None for NULL."""
        known = [value for value in values if value is not None]
        present = None
        if len(known) < len(values):
            present = np.array([value is not None for value in values], np.bool_)
        return cls(np.array(known, kind) if kind else known, present) if known else None


class PlainWriter:
    """Writes row groups; the first column holds ids without NULL, by whose range DuckDB skips row groups."""

    def __init__(self, path: Path, columns: Mapping[str, Kind]) -> None:
        self._columns = columns
        self._about = [_about_column(name, kind) for name, kind in columns.items()]
        self._groups: list[bytes] = []
        self._rows = 0
        self._file = path.open("wb", buffering=_BUFFER_BYTES)
        self._at = self._file.write(_MAGIC)

    def write(self, ids: NDArray[np.int32], columns: Sequence[Column | None]) -> None:
        """Write a row group; None is a column without a value."""
        rows, start = len(ids), self._at
        # columns without a value share a page
        absent = self._page(rows, _levels(rows, np.zeros(1, np.bool_)), b"") + b"\0"
        least, most = (int(end).to_bytes(4, "little") for end in (ids.min(), ids.max()))
        span = _struct({3: _i64(0), 5: _binary(most), 6: _binary(least)})
        pages = [self._page(rows, b"", ids.data) + _members({12: (_STRUCT, span)}, 9) + b"\0"]
        for column in columns:
            pages.append(absent if column is None else self._column(rows, column))
        chunks = [
            _struct({2: _i64(start), 3: (_STRUCT, about + page)})
            for about, page in zip(self._about, pages, strict=True)
        ]
        size = _i64(self._at - start)
        self._groups.append(_struct({1: _list(_STRUCT, chunks), 2: size, 3: _i64(rows)}))
        self._rows += rows

    def close(self) -> None:
        """Write what the file holds, and close it."""
        schema = [_struct({4: _binary(b"root"), 5: _i32(len(self._columns))})]
        for place, (name, kind) in enumerate(self._columns.items()):
            repetition = _i32(_OPTIONAL if place else _REQUIRED)
            members = {1: _i32(kind.stored), 3: repetition, 4: _binary(name.encode())}
            if kind.stands_for is not None:
                members[6] = _i32(kind.stands_for)
            schema.append(_struct(members))
        found = {1: _i32(1), 2: _list(_STRUCT, schema), 3: _i64(self._rows)}
        # ranges are in the order of the column's type
        orders = _list(_STRUCT, [_struct({1: (_STRUCT, b"\0")})] * len(self._columns))
        about = _struct(found | {4: _list(_STRUCT, self._groups), 7: orders})
        self._file.write(about + len(about).to_bytes(4, "little") + _MAGIC)
        self._file.close()

    def _column(self, rows: int, column: Column) -> bytes:
        values = column.values
        data = _spelled(values) if isinstance(values, list) else np.ascontiguousarray(values).data
        return self._page(rows, _levels(rows, column.present), data) + b"\0"

    def _page(self, rows: int, levels: bytes, data: bytes | memoryview) -> bytes:
        """Write a page, and return what the column's description says of it."""
        size = _i32(len(levels) + memoryview(data).nbytes)
        inner = _struct({1: _i32(rows), 2: _i32(_PLAIN), 3: _i32(_RLE), 4: _i32(_RLE)})
        start = self._at
        self._put(_struct({1: _i32(0), 2: size, 3: size, 5: (_STRUCT, inner)}))
        self._put(levels)
        self._put(data)
        whole = _i64(self._at - start)
        return _members({5: _i64(rows), 6: whole, 7: whole, 9: _i64(start)}, 4)

    def _put(self, data: bytes | memoryview) -> None:
        self._at += self._file.write(data)


def _about_column(name: str, kind: Kind) -> bytes:
    """The beginning of the description of a column in a row group."""
    encodings = _list(_I32, [_number(_PLAIN), _number(_RLE)])
    path = _list(_BINARY, [_binary(name.encode())[1]])
    return _members({1: _i32(kind.stored), 2: encodings, 3: path, 4: _i32(_UNCOMPRESSED)}, 0)


def _levels(rows: int, present: NDArray[np.bool_] | None) -> bytes:
    """Which rows have a value: one run, or else a bit for each."""
    if present is None or not present.any():
        runs = _varint(rows << 1) + bytes([present is None])
    else:
        bits = np.packbits(present, bitorder="little").tobytes()
        runs = _varint(len(bits) << 1 | 1) + bits
    return len(runs).to_bytes(4, "little") + runs


def _spelled(texts: Iterable[bytes]) -> bytes:
    return b"".join(len(text).to_bytes(4, "little") + text for text in texts)


def _struct(members: Mapping[int, _Member]) -> bytes:
    return _members(members, 0) + b"\0"


def _members(members: Mapping[int, _Member], last: int) -> bytes:
    """Members of a struct, after the one with the number `last`."""
    parts = []
    for number, (kind, value) in members.items():
        parts += [bytes([(number - last) << 4 | kind]), value]
        last = number
    return b"".join(parts)


def _i32(number: int) -> _Member:
    return _I32, _number(number)


def _i64(number: int) -> _Member:
    return _I64, _number(number)


def _binary(text: bytes) -> _Member:
    return _BINARY, _varint(len(text)) + text


def _list(kind: int, items: Sequence[bytes]) -> _Member:
    return _LIST, bytes([0xF0 | kind]) + _varint(len(items)) + b"".join(items)


def _number(number: int) -> bytes:
    # zigzag: only numbers that aren't negative occur
    return _varint(number << 1)


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    parts.append(number)
    return bytes(parts)
