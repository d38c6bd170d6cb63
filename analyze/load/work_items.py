"""What is known of each work item, as arrays by its place, and the numbers that it is grouped by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.readers.arrow_column import numbers

# odd, so that no two numbers become one
FACTOR = np.uint64(0x9E3779B97F4A7C15)
# by table: what is added up, or compared
_ADDED = {"work": ("dur_ns",), "work_cost": ("flops", "bytes"), "work_step": ("step",)}
# by table: what operator_sum groups by besides operators, what work_sum does, and what work_group does
_OF_KIND = {"work": ("time_source",), "work_category": ("category",)}
_OF_SUM = {
    "work": ("time_source",),
    "work_category": ("category", "module_category"),
    "work_component": ("component",),
    "work_cost": ("flops IS NULL",),
    "work_step": ("step",),
}
_OF_GROUP = {
    "work": ("time_source", "name", "device_id"),
    "work_op": ("op_name", "op_id IS NULL", "source"),
    "work_category": ("category", "module_category", "source"),
    "work_component": ("component", "source"),
    "work_cost": ("flops IS NULL",),
    "work_module": ("module", "source"),
    "work_attention": ("role",),
    "work_phase": ("pass", "phase"),
    "work_step": ("source",),
}

# one for each work item; equal where all texts are
Numbers: TypeAlias = NDArray[np.uint64]


class Items:
    """What to add up of each work item, and its numbers in operator_sum, work_sum and work_group.

    Arrays are by the places in `work`; `operator` is the place in `operators` of the one that asked for it.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.work, self.operators = Places(con, "work", "work_id"), Places(con, "cpu_op", "op_id")
        self.operator = self.work.new(self.operators.none, np.int32)
        for places, trace, op in self.work.read("work_op", "trace_id", "coalesce(op_id, -1)"):
            self.operator[places] = self.operators.of(trace, op)
        self.is_work, self.is_core = (self.work.new(False, np.bool_) for _ in range(2))
        for places, is_core in self.work.read("work_attention", "role = 'core'"):
            self.is_core[places] = is_core != 0
        names = [name for added in _ADDED.values() for name in added]
        self.values = {name: self.work.new(0, np.int64) for name in (*names, "begin_ns")}
        self._absent = {name: self.work.new(True, np.bool_) for name in names}
        self._absent["begin_ns"] = self.work.new(False, np.bool_)
        self.of_kind, self.of_sum, self.of_group = (self.work.new(0, np.uint64) for _ in range(3))
        for table in _OF_GROUP:
            self._take_in(table)
        self._mix_shapes()
        self._take_in_gaps()

    def _take_in(self, table: str) -> None:
        """Keep what a table adds up, and mix into the numbers what it says of each item."""
        added = _ADDED.get(table, ())
        asked = [column for name in added for column in (f"coalesce({name}, 0)", f"{name} IS NULL")]
        all_mixed = ((self.of_kind, _OF_KIND), (self.of_sum, _OF_SUM), (self.of_group, _OF_GROUP))
        mixed = [(number, of[table]) for number, of in all_mixed if table in of]
        hashes = [f"hash({', '.join(columns)})" for _, columns in mixed]
        for places, *found in self.work.read(table, *asked, *hashes):
            for name, value, absent in zip(added, found[::2], found[1::2], strict=False):
                self.values[name][places], self._absent[name][places] = value, absent != 0
            for (number, _), value in zip(mixed, found[len(asked) :], strict=True):
                number[places] = (number[places] ^ value) * FACTOR
            if table == "work":
                self.is_work[places] = True

    def _take_in_gaps(self) -> None:
        """Keep how long a device that had been asked for a kernel was idle before it."""
        most = self._con.table("limit_constant").project("queued_gap_high_ns").fetchall()[0][0]
        gaps = self._con.table("idle_gap").filter("kernel_id IS NOT NULL AND device_ns > 0")
        asked = ("trace_id", "kernel_id", f"least(device_ns, {most})")
        for trace, kernel, value in read_batches(gaps, *asked):
            self.values["begin_ns"][self.work.of(trace, kernel)] = value

    def _mix_shapes(self) -> None:
        """Mix into the numbers of work_group the shapes of each item's operator."""
        shapes = self.operators.new(0, np.uint64)
        for places, value in self.operators.read("cpu_op", "hash(input_dims)"):
            shapes[places] = value
        for block in self.work.blocks():
            of_operator = shapes[self.operator[block]]
            self.of_group[block] = (self.of_group[block] ^ of_operator) * FACTOR

    def rows(self, number: Numbers) -> pa.RecordBatchReader:
        """The items with their numbers and what to add up, batch by batch."""
        kinds = [(name, pa.int64()) for name in self.values]
        keys = [("trace_id", pa.int64()), ("work_id", pa.int64()), ("number", pa.uint64())]
        schema = pa.schema([*keys, *kinds])
        return pa.RecordBatchReader.from_batches(schema, self._batches(number, schema))

    def _batches(self, number: Numbers, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for works in self.blocks():
            trace, work = self.work.keys(works)
            added = [numbers(self.values[n][works], self._absent[n][works]) for n in self.values]
            columns = [numbers(trace), numbers(work), numbers(number[works]), *added]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def blocks(self) -> Iterator[NDArray[np.int32]]:
        """The places of all items, those of a block at a time."""
        for block in self.work.blocks():
            yield block[self.is_work[block]]
