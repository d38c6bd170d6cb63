"""Work items as arrays by their places, and what tables say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import relation_of
from genscope.analyze.load.narrow import TEXT_ID, text_ids, texts_of
from genscope.analyze.load.numbered import At, coded, distinct
from genscope.analyze.load.once import Once
from genscope.analyze.load.places import Places
from genscope.analyze.load.said import Column, Rows, Said
from genscope.analyze.load.tables import table_files
from genscope.analyze.native.arrays import least_at, put, take
from genscope.analyze.readers.arrow_column import numbers

# fewer items take less time by the statements
FEWEST = 1 << 14
# combinations that an array has a place for, whether they occur or not
_MOST_COMBINED = 1 << 20
_NOTHING = np.zeros(0, np.int32)

Flags: TypeAlias = NDArray[np.bool_]


class Items:
    """All work items. Arrays are by their places in `work`, of which some may have no item.

    Passes that run at the same time share what was read, each with a connection of its own.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con, self.work = con, Places(con, "work_row", "work_id")
        self.operators = self.places("cpu_op_row", "op_id")
        self.signatures = self.places("cpu_op_text", "signature_id")
        self.is_item, self.count = self.new(False, np.bool_), 0
        # numbers of traces, durations in ns, and places of operators
        self.trace = self.new(0, np.int32)
        self.dur = self.new(0, np.int64)
        for places, trace, dur in self.work.read("work_row", "trace_id", "dur_ns"):
            put(self.is_item, places, True)
            put(self.trace, places, np.searchsorted(self.work.traces, trace))
            put(self.dur, places, dur)
            self.count += len(places)
        # what tables say, costs and places
        self._said, self._costs, self._at = Once(), Once(), Once()

    def on(self, con: duckdb.DuckDBPyConnection) -> Items:
        """The same, read on another connection."""
        other = copy(self)
        other.con, other.work = con, self.work.on(con)
        other.operators, other.signatures = self.operators.on(con), self.signatures.on(con)
        return other

    @property
    def are_few(self) -> bool:
        """Whether statements take less time."""
        return self.count < FEWEST

    def only(self, is_item: Flags) -> Items:
        """Some of the items, with the same arrays."""
        some = copy(self)
        some.is_item, some.count = is_item, int(is_item.sum())
        return some

    def places(self, table: str, column: str) -> Places:
        """Places in another table, whose arrays are given back with those of the items."""
        return Places(self.con, table, column, self.work.scratch)

    def new(self, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        """An array with `value` for every place; see Scratch."""
        return self.work.new(value, kind)

    def blocks(self) -> Iterator[At]:
        """The places of all items, those of a block at a time."""
        for part in self.parts():
            if isinstance(part, slice):
                yield np.arange(part.start, part.stop, dtype=np.int32)
            else:
                yield part

    def parts(self) -> Iterator[At | slice]:
        """The same, as a slice where all places between have an item, which takes less time."""
        for part in self.work.parts():
            is_item = self.is_item[part]
            # ids may begin with 1
            first = part.start + int(is_item.argmax())
            if self.is_item[first : part.stop].all():
                yield slice(first, part.stop)
            else:
                yield np.flatnonzero(is_item).astype(np.int32) + np.int32(part.start)

    @property
    def op(self) -> At:
        """The places of the operators that requested the items."""
        return self._at.get("op", self._read_op)

    @op.setter
    def op(self, op: At) -> None:
        self._at.put("op", op)

    def _read_op(self) -> At:
        op: At = self.new(self.operators.none, np.int32)
        for at, trace, number in self.work.read("work_op_row", "trace_id", "coalesce(op_id, -1)"):
            put(op, at, self.operators.of(trace, number))
        return op

    @property
    def signature(self) -> At:
        """The signatures of operators by their places, as places of `signatures`."""
        return self._at.get("signature", self._read_signature)

    def _read_signature(self) -> At:
        signature: At = self.operators.new(self.signatures.none, np.int32)
        for at, trace, number in self.operators.read("cpu_op", "trace_id", "signature_id"):
            put(signature, at, self.signatures.of(trace, number))
        return signature

    def of_signatures(self, column: str) -> tuple[list[str | None], At]:
        """The texts of a column of cpu_op, and their numbers by the places of signatures; None is the first."""
        known: dict[str | None, int] = {None: 0}
        number = self.signatures.new(0, np.int32)
        found = self.con.table("cpu_op_text").aggregate(
            f"trace_id, signature_id, any_value({column})"
        )
        for trace, signature, text in found.fetchall():
            at = self.signatures.first(trace) + signature
            number[at] = known.setdefault(text, len(known))
        return list(known), number

    def said(self, table: str, *columns: str) -> Said:
        """What a table says in some columns: as it was inserted, else as it is read."""
        known = self.know(table, *columns)
        at = [known.columns.index(column) for column in columns]
        return self.answered(columns, [tuple(row[i] for i in at) for row in known.rows], known.code)

    def know(self, table: str, *columns: str) -> Said:
        """The same, perhaps with more columns: read now, for all that will ask."""
        return self._said.get(
            table,
            lambda: self._read(table, columns),
            lambda known: set(columns) <= set(known.columns),
        )

    def _read(self, table: str, columns: tuple[str, ...]) -> Said:
        relation, expression, codes = coded(self.con, table, columns)
        code = self.new(0, np.int32)
        for places, value in self.work.read(relation, expression):
            put(code, places, codes.of(value))
        return self.answered(columns, codes.rows, code)

    def cost(self, column: str) -> tuple[NDArray[np.int64], Flags]:
        """A column of work_cost and where it is NULL."""
        return self._costs.get(column, lambda: self._read_cost(column))

    def _read_cost(self, column: str) -> tuple[NDArray[np.int64], Flags]:
        value, absent = self.new(0, np.int64), self.new(True, np.bool_)
        asked = (f"coalesce({column}, 0)", f"{column} IS NULL")
        for places, found, is_null in self.work.read("work_cost_row", *asked):
            put(value, places, found)
            put(absent, places, is_null != 0)
        return value, absent

    def know_cost(self, column: str, value: NDArray[np.int64], absent: Flags) -> None:
        """Take what is about to be inserted into work_cost."""
        self._costs.put(column, (value, absent))

    def answered(self, columns: tuple[str, ...], rows: Rows, code: At) -> Said:
        """What is said of each item by the rows that its codes number, which may be equal."""
        known: dict[tuple[Any, ...], int] = {}
        number = np.array([known.setdefault(row, len(known)) for row in rows], np.int32)
        same = len(known) == len(rows)
        return Said(columns, list(known), code if same else self.gathered(number, code))

    def gathered(self, values: NDArray[Any], code: At) -> NDArray[Any]:
        """The value of each item's code."""
        found = self.new(0, values.dtype.type)
        for part in self.parts():
            found[part] = take(values, code[part])
        return found

    def joint(self, *codes: At) -> At:
        """A number for each combination of trace and codes, from 0 on, without gaps; codes are from 0, too."""
        found = self.new(0, np.int32)
        # numbers below `size`, of which some may not occur
        size = 1
        for code in (self.trace, *codes):
            width = int(code.max()) + 1
            if width == 1:
                continue
            if size * width > _MOST_COMBINED:
                size = self._renumber(found, size)
            if size * width > _MOST_COMBINED:
                size = self._pair(found, code, width)
                continue
            for part in self.parts():
                found[part] = found[part] * np.int32(width) + code[part]
            size *= width
        self._renumber(found, size)
        return found

    def _renumber(self, found: At, size: int) -> int:
        """Number the numbers that occur in place, in order; return how many they are."""
        occurs = np.zeros(size, np.bool_)
        for part in self.parts():
            put(occurs, found[part], True)
        number = np.cumsum(occurs, dtype=np.int32)
        number -= 1
        for part in self.parts():
            found[part] = take(number, found[part])
        return int(number[-1]) + 1

    def _pair(self, found: At, code: At, width: int) -> int:
        """Number the combinations of two codes in place, however many could occur; return how many do."""
        known = np.zeros(0, np.int64)
        waiting: list[NDArray[np.int64]] = []
        for part in self.parts():
            waiting.append(distinct(found[part] * np.int64(width) + code[part]))
            # not with each part, because all that are known are sorted again
            if sum(map(len, waiting)) > max(len(known), _MOST_COMBINED):
                known, waiting = distinct(np.concatenate([known, *waiting])), []
        known = distinct(np.concatenate([known, *waiting]))
        for part in self.parts():
            found[part] = np.searchsorted(known, found[part] * np.int64(width) + code[part])
        return len(known)

    def firsts(self, code: At) -> At:
        """The place of the first item of each code."""
        first = np.full(int(code.max()) + 1, self.work.none, np.int32)
        for block in self.blocks():
            least_at(first, take(code, block), block)
        return first

    def insert(self, table: str, columns: Mapping[str, Column], said: Said | None = None) -> None:
        """Insert a row for each item: its columns, and what is said of it."""
        said = said or Said((), [], _NOTHING)
        self._said.put(table, said)
        if texts_of(table_files()[table]):
            insert = f"INSERT INTO {table}_text BY NAME FROM text"
            relation_of(self.con, self._texts(said)).query("text", insert)
            self.insert_rows(table, columns, said.code)
            return
        told, same = said.written()
        insert = f"INSERT INTO {table} BY NAME SELECT *{same} FROM item"
        relation_of(self.con, self.rows({**columns, **told})).query("item", insert)

    def insert_rows(self, table: str, columns: Mapping[str, Column], code: At) -> None:
        """Insert a row for each item into NAME_row; NAME_text has the combinations that are numbered, see narrow."""
        text_id = {TEXT_ID: self._text_id(self.trace, code)}
        insert = f"INSERT INTO {table}_row BY NAME FROM item"
        relation_of(self.con, self.rows({**columns, **text_id})).query("item", insert)

    def _texts(self, said: Said) -> pa.Table:
        """What is said, once for each trace: the rows of a table's NAME_text, see narrow."""
        trace, code = np.zeros(len(said.rows), np.int32), np.arange(len(said.rows), dtype=np.int32)
        if len(self.work.traces) > 1:
            first = self.firsts(self.joint(said.code))
            trace, code = self.trace[first], said.code[first]
        once = Said(said.columns, said.rows, code)
        made = {
            "trace_id": lambda at: numbers(self.work.traces[trace[at]]),
            TEXT_ID: self._text_id(trace, code),
            **{name: once.column(name) for name in said.columns},
        }
        at = np.arange(len(code), dtype=np.int32)
        return pa.Table.from_arrays([column(at) for column in made.values()], [*made])

    def _text_id(self, trace: At, code: At) -> Column:
        return lambda at: numbers(text_ids(self.work.traces[trace[at]], code[at]))

    def rows(self, columns: Mapping[str, Column]) -> pa.RecordBatchReader:
        """Traces, ids and columns of all items, batch by batch."""
        made = {**self._keys(), **columns}
        schema = pa.schema([(name, column(_NOTHING).type) for name, column in made.items()])
        batches = (
            pa.RecordBatch.from_arrays([column(block) for column in made.values()], schema=schema)
            for block in self.blocks()
        )
        return pa.RecordBatchReader.from_batches(schema, batches)

    def _keys(self) -> dict[str, Column]:
        return {
            "trace_id": lambda at: numbers(self.work.traces[self.trace[at]]),
            "work_id": ids(self.work),
        }


def ids(of: Places, place: At | None = None) -> Column:
    """A column of ids by their places, or by those of the items themselves; NULL where there is none."""
    return lambda at: of.column(at if place is None else place[at])
