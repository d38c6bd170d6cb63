"""Fill forward_thread, backward_call and recomputed_op from the numbers that operators share.

The rows equal those of the SQL files of these names, which join and group the texts of every operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import Rows, flags, insert, insert_texts
from genscope.analyze.load.covered import Times
from genscope.analyze.load.held import Held
from genscope.analyze.load.latest import Latest
from genscope.analyze.load.narrow import TEXT_ID, text_ids
from genscope.analyze.load.numbered import At, Threads, gathered
from genscope.analyze.load.numbered_operators import Process, forward_threads, processes
from genscope.analyze.load.scratch_arrays import BLOCK
from genscope.analyze.readers import arrow_column

_Numbers: TypeAlias = NDArray[np.int64]


def fill_backward_links(con: duckdb.DuckDBPyConnection, held: Held) -> bool:
    """Insert the rows of the three tables; false, and no rows, with threads or operators that it can't follow."""
    threads, operators = held.threads(con), held.operators(con)
    if not threads.are_distinct or operators.are_too_deep:
        return False
    links: list[_Links] = []
    for process in processes(con, operators, threads):
        placed = forward_threads(process, threads)
        if placed is None:
            return False
        if placed:
            links.append(_Links(process, placed))
    traces = sorted({one.trace_id for one in links})
    insert(con, "forward_thread", (one.forward_thread(threads) for one in links))
    insert_texts(con, "backward_call", "forward_track", traces, threads.texts)
    insert(con, "backward_call_row", chain(*(one.backward_call(threads) for one in links)))
    insert(con, "recomputed_op", chain(*(one.recomputed_op() for one in links)))
    return True


class _Links:
    """Backward operators of a process with the threads of their forward operators."""

    def __init__(self, process: Process, placed: Mapping[int, int]) -> None:
        self._process, self._operators = process, process.operators
        self.trace_id, self._scratch = process.trace_id, process.numbered.scratch
        self._ids = np.array(sorted(placed), np.int64)
        self._tracks = np.array([placed[one] for one in self._ids.tolist()], np.int64)

    def forward_thread(self, threads: Threads) -> Rows:
        """The rows of the table."""
        names = [threads.rows[track][1] for track in self._tracks.tolist()]
        return {
            "trace_id": self._process.trace_id,
            "process_id": arrow_column.texts([self._process.name.encode()] * len(names)),
            "forward_thread_id": self._ids,
            "thread_id": arrow_column.texts([(name or "").encode() for name in names]),
        }

    def _forward_track(self, rows: At) -> NDArray[np.int64]:
        """The tracks that backward operators name, -1 for one without a place."""
        named = self._process.numbered.forward_id[rows]
        at = np.minimum(np.searchsorted(self._ids, named), len(self._ids) - 1)
        return np.where(self._ids[at] == named, self._tracks[at], -1)

    def _key(self, track: NDArray[np.int64] | At, rows: At) -> NDArray[np.int64]:
        """Of rows: equal for a number of a thread."""
        process = self._process
        number: NDArray[np.int64] = process.numbered.number[rows].astype(np.int64)
        return track.astype(np.int64) * process.number_count + number

    def backward_call(self, threads: Threads) -> Iterator[Rows]:
        """The rows of the table."""
        process = self._process
        numbered = self._before(process.adding)
        adding, numbered = process.adding[numbered >= 0], numbered[numbered >= 0]
        part_of = process.part_of[process.numbered.number[numbered]]
        adding_start = self._scratch.taken(self._operators.start, adding)
        for part, those in process.parts.items():
            forward, backward = process.forward(those), process.backward(those)
            adds = part_of == part
            at = np.concatenate([process.numbered.at[backward], adding[adds]])
            rows = np.concatenate([backward, numbered[adds]])
            start = np.concatenate([process.start(backward), adding_start[adds]])
            track = self._forward_track(rows)
            begun = Latest(self._key(process.track(forward), forward), process.start(forward))
            found = begun.of(self._key(track, rows), start)
            kept = np.flatnonzero((track >= 0) & (found >= 0))
            yield {
                "trace_id": process.trace_id,
                "op_id": self._operators.places.keys(at[kept])[1],
                "forward_called_ns": process.start(forward[found[kept]]),
                "is_accumulation": flags(kept >= len(backward)),
                TEXT_ID: text_ids(np.int64(process.trace_id), track[kept]),
            }
            self._scratch.release_some()

    def _before(self, adding: At) -> At:
        """The row of the last backward operator that begins on the thread of each of these by its start, or -1."""
        process, operators, taken = self._process, self._operators, self._scratch.taken
        backward = np.concatenate([process.backward(rows) for rows in process.blocks()])
        # of those at one moment, the last one
        order = np.lexsort((process.numbered.at[backward], process.start(backward)))
        backward = backward[order]
        latest = Latest(process.track(backward), process.start(backward))
        found = latest.of(taken(operators.track, adding), taken(operators.start, adding))
        return np.where(found >= 0, backward[found], -1)

    def recomputed_op(self) -> Iterator[Rows]:
        """The rows of the table."""
        process, operators, places = self._process, self._operators, self._operators.places
        at, root = process.numbered.at, self._roots()
        is_wanted = self._wanted(root)

        def wanted() -> Iterator[tuple[At, At]]:
            for rows in map(process.forward, process.blocks()):
                inside = rows[is_wanted[root[rows]]]
                yield inside, root[inside] // BLOCK

        # all of a root are in one part
        for _, inside in gathered(wanted()):
            end = operators.end[at[inside]]
            outermost = _outermost(root[inside], process.start(inside), end, at[inside])
            kept = inside[outermost]
            yield {
                "trace_id": process.trace_id,
                "op_id": places.keys(at[kept])[1],
                "root_op_id": places.keys(root[kept])[1],
                "start_ns": process.start(kept),
                "end_ns": end[outermost],
            }
            self._scratch.release_some()

    def _roots(self) -> At:
        """The outermost operator around each row."""
        at, is_outer = self._process.numbered.at, self._operators.outermost()
        found: At = self._scratch.new(len(at), 0, np.int32)
        for rows in self._process.blocks():
            found[rows] = self._operators.around(is_outer, at[rows])
        return found

    def _wanted(self, root: At) -> NDArray[np.bool_]:
        """Whether each operator is a backward one without a forward operator in it whose number is used later."""
        process, at = self._process, self._process.numbered.at
        found = self._operators.places.new(False, np.bool_)
        for rows in map(process.backward, process.blocks()):
            found[at[rows[self._forward_track(rows) >= 0]]] = True
        is_used = self._operators.places.new(False, np.bool_)
        for rows in process.parts.values():
            inside = process.forward(rows)
            inside = inside[found[root[inside]]]
            backward = process.backward(rows)
            track = self._forward_track(backward)
            backward, track = backward[track >= 0], track[track >= 0]
            used = _is_used(
                (self._key(track, backward), process.start(backward), root[backward]),
                (self._key(process.track(inside), inside), process.start(inside), root[inside]),
            )
            is_used[root[inside[used]]] = True
            self._scratch.release_some()
        for part in self._operators.places.parts():
            found[part] &= ~is_used[part]
        return found


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
