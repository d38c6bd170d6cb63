"""Fill forward_thread, backward_call and recomputed_op from the numbers that operators share.

The rows equal those of the SQL files of these names, which join and group the texts of every operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, flags, insert, texts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.held import Held
from genscope.analyze.load.latest import Latest
from genscope.analyze.load.numbered import At, Threads
from genscope.analyze.load.numbered_operators import Process, forward_threads, processes
from genscope.analyze.load.operators import Operators
from genscope.analyze.readers import arrow_column

_Numbers: TypeAlias = NDArray[np.int64]


def fill_backward_links(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert the rows of the three tables; false, and no rows, with threads or operators that it can't follow."""
    threads, operators = held.threads(con), held.operators(con)
    if not threads.are_distinct or operators.are_too_deep:
        return False
    parts: dict[str, list[Rows]] = {}
    for process in processes(con, operators, threads):
        placed = forward_threads(process, threads)
        if placed is None:
            return False
        if placed:
            links = _Links(process, placed, operators)
            parts.setdefault("forward_thread", []).append(_threads(process, placed, threads))
            parts.setdefault("backward_call", []).append(links.backward_call(threads))
            parts.setdefault("recomputed_op", []).append(links.recomputed_op())
    for table, rows in parts.items():
        insert(con, table, rows)
    return True


def _threads(process: Process, placed: Mapping[int, int], threads: Threads) -> Rows:
    names = [threads.rows[track][1] for track in placed.values()]
    return {
        "trace_id": process.trace_id,
        "process_id": arrow_column.texts([process.name.encode()] * len(placed)),
        "forward_thread_id": np.array([*placed]),
        "thread_id": arrow_column.texts([(name or "").encode() for name in names]),
    }


class _Links:
    """Backward operators of a process with the threads of their forward operators."""

    def __init__(self, process: Process, placed: Mapping[int, int], operators: Operators) -> None:
        self._process, self._operators = process, operators
        self._ids = np.array(sorted(placed), np.int64)
        self._tracks = np.array([placed[one] for one in self._ids.tolist()], np.int64)

    def _forward_track(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The tracks that backward operators name, -1 for one without a place."""
        named = self._process.forward_id[rows]
        at = np.minimum(np.searchsorted(self._ids, named), len(self._ids) - 1)
        return np.where(self._ids[at] == named, self._tracks[at], -1)

    def _key(self, track: NDArray[np.int64] | At, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of rows: equal for a number of a thread."""
        number = self._process.number
        return track.astype(np.int64) * (int(number.max()) + 1) + number[rows]

    def backward_call(self, threads: Threads) -> Rows:
        """The rows of the table."""
        process = self._process
        backward, adding = process.backward, self._process.adding
        numbered = self._before(adding)
        adding, numbered = adding[numbered >= 0], numbered[numbered >= 0]
        at = np.concatenate([process.at[backward], adding])
        rows = np.concatenate([backward, numbered])
        track = self._forward_track(rows)
        start = self._operators.start[at]
        forward = process.forward
        key = self._key(process.track[forward], forward)
        found = Latest(key, process.start[forward]).of(self._key(track, rows), start)
        kept = np.flatnonzero((track >= 0) & (found >= 0))
        forward = forward[found[kept]]
        is_accumulation = np.arange(len(at)) >= len(backward)
        return {
            "trace_id": process.trace_id,
            "op_id": self._operators.places.keys(at[kept])[1],
            "forward_track": texts(track[kept], threads.texts),
            "forward_called_ns": process.start[forward],
            "is_accumulation": flags(is_accumulation[kept]),
        }

    def _before(self, adding: At) -> NDArray[np.int64]:
        """The row of the last backward operator that begins on the thread of each of these by its start, or -1."""
        process, backward = self._process, self._process.backward
        # of those at one moment, the last one
        order = np.lexsort((process.at[backward], process.start[backward]))
        backward = backward[order]
        latest = Latest(process.track[backward], process.start[backward])
        found = latest.of(self._operators.track[adding], self._operators.start[adding])
        return np.where(found >= 0, backward[found], -1)

    def recomputed_op(self) -> Rows:
        """The rows of the table."""
        process, operators = self._process, self._operators
        is_outer = operators.depth == 0
        backward = process.backward
        track = self._forward_track(backward)
        backward, track = backward[track >= 0], track[track >= 0]
        root = operators.around(is_outer, process.at)
        inside = process.forward
        inside = inside[np.isin(root[inside], process.at[backward])]
        used = _is_used(
            (self._key(track, backward), process.start[backward], root[backward]),
            (self._key(process.track[inside], inside), process.start[inside], root[inside]),
        )
        inside = inside[~np.isin(root[inside], root[inside[used]])]
        end = operators.end[process.at[inside]]
        outermost = _outermost(root[inside], process.start[inside], end, process.at[inside])
        kept = inside[outermost]
        places = operators.places
        return {
            "trace_id": process.trace_id,
            "op_id": places.keys(process.at[kept])[1],
            "root_op_id": places.keys(root[kept])[1],
            "start_ns": process.start[kept],
            "end_ns": end[outermost],
        }


def _is_used(
    known: tuple[_Numbers, Times, At], asked: tuple[_Numbers, Times, At]
) -> NDArray[np.bool_]:
    """Whether a known row has the same key as the one asked for, another root, and no earlier start."""
    (key, start, root), (asked_key, asked_start, asked_root) = known, asked
    if not len(key):
        return np.zeros(len(asked_key), np.bool_)
    order = np.lexsort((start, key))
    key, start, root = key[order], start[order], root[order]
    last = np.flatnonzero(np.append(key[1:] != key[:-1], True))
    keys = key[last]
    # the last row of each key, and the last one of another root
    group = np.repeat(np.arange(len(last)), np.diff(last, prepend=-1))
    others = np.flatnonzero(root != root[last][group])
    other = np.full(len(last), -1)
    other[group[others]] = others
    place = np.minimum(np.searchsorted(keys, asked_key), len(keys) - 1)
    latest = np.where(root[last[place]] == asked_root, other[place], last[place])
    found: NDArray[np.bool_] = (
        (keys[place] == asked_key) & (latest >= 0) & (start[latest] >= asked_start)
    )
    return found


def _outermost(root: At, start: Times, end: Times, at: At) -> _Numbers:
    """The rows that no other of their root is around."""
    order = np.lexsort((at, start - end, start, root))
    root, start, end = root[order], start[order], end[order]
    # how far those of a root reach so far: the places of ends grow as the ends do
    ends, place = np.unique(end, return_inverse=True)
    is_new = np.append(True, root[1:] != root[:-1])[: len(root)]
    shift = np.cumsum(is_new) * len(ends)
    reached = ends[np.maximum.accumulate(shift + place) - shift] if len(ends) else ends
    is_new[1:] |= start[1:] >= reached[:-1]
    return np.sort(order[is_new])
