"""Fill the large base tables of a Kineto trace from its events, as their SQL files define them.

A statement sorts whole rows, which takes as long as everything else that staging does with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, insert, texts
from genscope.analyze.load.narrow import TEXT_ID, text_ids
from genscope.analyze.load.numbered import At
from genscope.analyze.load.ordered_events import Kind, OddEventsError, OrderedEvents, column
from genscope.analyze.load.sweep import LATEST_NS
from genscope.analyze.native.arrays import take
from genscope.analyze.readers.kineto.texts import GROUP_BITS

_Numbers: TypeAlias = NDArray[np.int64]
# whether events are found by their starts and ends, and the latest end of those before them
_IsFound: TypeAlias = Callable[[_Numbers, _Numbers, _Numbers], NDArray[np.bool_]]
_OF_TEXT = (1 << GROUP_BITS) - 1

# of fewer events, statements take less time
FEWEST = 1 << 16

_OPERATORS = Kind(
    "kineto_host_range",
    "is_op",
    columns=(
        *("text_id", "thread_order", "signature_id", "start_ns", "dur_ns"),
        *("external_id", "sequence_number", "forward_thread_id"),
    ),
    group=("thread_order",),
    keys=("dur_ns", "external_id", "signature_id"),
    longest_first=True,
    numbered_by="external_id",
)
_CALLS = Kind(
    "kineto_event",
    "role = 'runtime' AND ph = 'X' AND start_ns IS NOT NULL",
    columns=(
        *("text_id", "thread_order", "signature_id", "start_ns", "dur_ns"),
        *("correlation_id", "external_id"),
    ),
    group=("thread_order",),
    keys=("dur_ns", "correlation_id", "signature_id"),
    longest_first=True,
    numbered_by="correlation_id",
)
_KERNELS = Kind(
    "kineto_event",
    "role = 'kernel' AND ph = 'X' AND start_ns IS NOT NULL",
    columns=(
        *("text_id", "device_id", "stream_id", "start_ns", "dur_ns", "work_order"),
        *("correlation_id", "external_id", "registers", "shared_bytes"),
        *("graph_id", "graph_node_id"),
    ),
    group=("device_id", "stream_id"),
    keys=("dur_ns", "correlation_id", "graph_node_id", "work_order"),
)


def has_few_events(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether statements take less time than passes."""
    found = con.table("kineto_chunk").aggregate("count(*)").fetchall()
    return bool(found[0][0] < FEWEST)


class _Filling:
    """Inserts the events of a kind into their table, numbered from 1, and finds some of them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, kind: Kind, number: str) -> None:
        self._con, self._number = con, number
        self._events = OrderedEvents(con, kind)
        self._trace = int(con.table("trace_file").project("trace_id").fetchall()[0][0])
        self._found: list[Rows] = []
        self._count = 0

    def insert(
        self,
        table: str,
        of_text: Mapping[str, Callable[[At], pa.Array]] | None = None,
        is_found: _IsFound | None = None,
    ) -> int:
        """Insert them and return how many; `of_text` are columns by what makes them of text_id."""
        names = self._con.table(table).columns

        def parts() -> Iterator[Rows]:
            for group in self._events.groups():
                latest = np.array([-LATEST_NS])
                for rows in group:
                    part = self._part(names, rows, of_text or {})
                    if is_found:
                        latest = self._find(rows, part[self._number], latest, is_found)
                    yield part

        insert(self._con, table, parts())
        return self._count

    def insert_found(self, table: str) -> int:
        """Insert those that were found, and how long each overlaps with those before it."""
        names = self._con.table(table).columns
        insert(self._con, table, ({name: rows[name] for name in names} for rows in self._found))
        return len(self._found)

    def _part(
        self, names: list[str], rows: At, of_text: Mapping[str, Callable[[At], pa.Array]]
    ) -> Rows:
        text = self._events.taken(TEXT_ID, rows)
        first = self._count + 1
        self._count += len(rows)
        known: Rows = {
            "trace_id": self._trace,
            self._number: np.arange(first, first + len(rows)),
            TEXT_ID: self._text_id(text),
        }
        known |= {name: make(text) for name, make in of_text.items()}
        taken = self._events.taken
        return {n: known[n] if n in known else column(taken(n, rows)) for n in names}

    def _text_id(self, text: At) -> _Numbers:
        return text_ids(np.int64(self._trace), text)

    def _find(self, rows: At, number: Any, latest: _Numbers, is_found: _IsFound) -> _Numbers:
        """Keep those that are found, and return the latest end so far."""
        start = self._events.taken("start_ns", rows)
        end = start + self._events.taken("dur_ns", rows)
        reached = np.maximum.accumulate(np.append(latest, end))
        found = np.flatnonzero(is_found(start, end, reached[:-1]))
        if len(found):
            self._found.append(
                {
                    self._number: number[found],
                    TEXT_ID: self._text_id(self._events.taken(TEXT_ID, rows[found])),
                    "overlap_ns": reached[found] - start[found],
                }
            )
        return reached[-1:]


class _Annotations:
    """The names that a graph's kernels have by themselves."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        if con.table("kineto_graph_annotation").limit(1).fetchall():
            raise OddEventsError
        found = con.table("kineto_text").filter("role = 'kernel' AND annotation IS NOT NULL")
        rows = found.project("text_id, annotation").fetchall()
        self._named = [None, *sorted({annotation for _, annotation in rows})]
        codes = {annotation: code for code, annotation in enumerate(self._named)}
        # the last code is of all texts after those
        self._codes = np.zeros(max((text & _OF_TEXT for text, _ in rows), default=0) + 2, np.int32)
        for text, annotation in rows:
            self._codes[text & _OF_TEXT] = codes[annotation]

    def __call__(self, text: At) -> pa.Array:
        """Those of kernels by their texts."""
        at = np.minimum(text & _OF_TEXT, len(self._codes) - 1)
        return texts(take(self._codes, at), self._named)


def _fill_operators(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    filling = _Filling(con, _OPERATORS, "op_id")
    return {
        "cpu_op_row": filling.insert(
            "cpu_op_row", is_found=lambda start, end, outer: (start < outer) & (outer < end)
        ),
        "kineto_op_overlap": filling.insert_found("kineto_op_overlap"),
    }


def _fill_calls(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {"runtime_call_row": _Filling(con, _CALLS, "call_id").insert("runtime_call_row")}


def _fill_kernels(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    named = _Annotations(con)
    filling = _Filling(con, _KERNELS, "kernel_id")
    return {
        "kernel_row": filling.insert(
            "kernel_row", {"annotation": named}, lambda start, _, before: start < before
        ),
        "kineto_kernel_overlap": filling.insert_found("kineto_kernel_overlap"),
    }


# What each pass fills, and how many rows it inserted. One raises OddEventsError, and has inserted nothing,
# where the statements have to do it.
PASSES: dict[tuple[str, ...], Callable[[duckdb.DuckDBPyConnection], dict[str, int]]] = {
    ("cpu_op_row", "kineto_op_overlap"): _fill_operators,
    ("runtime_call_row",): _fill_calls,
    ("kernel_row", "kineto_kernel_overlap"): _fill_kernels,
}
