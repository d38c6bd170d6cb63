"""Operators that autograd numbers, and the threads whose numbers backward operators carry, from arrays.

The threads are those of queries/work/forward_thread.sql.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.columns import by_group
from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import At, Threads
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.places import Numbers, read_batches

# of a forward operator's name, and of a backward one's, as in forward_thread.sql
_WORD = "split_part(replace(lower(split_part(name, '::', -1)), '_', ''), 'backward', 1)"
_BACKWARD_WORD = f"split_part({_WORD}, ': ', -1)"
# operators that add up a gradient and have no number, as in backward_call.sql
_ADDING = (
    "ends_with(name, 'AccumulateGrad') "
    "AND NOT coalesce(forward_thread_id > 0 AND sequence_number >= 0, false)"
)
# threads of forward operators, by those that backward operators name
_MOST_PAIRS = 1 << 12


@dataclass(frozen=True)
class Process:
    """The operators with a sequence number of a process that has backward ones, and those that add up gradients."""

    trace_id: int
    name: str
    at: At
    track: At
    start: Times
    # equal where sequence numbers are
    number: NDArray[np.int64]
    # of the name: its words' numbers, in the order of the words
    word: NDArray[np.int64]
    backward_word: NDArray[np.int64]
    # cpu_op.forward_thread_id, 0 for forward operators
    forward_id: Numbers
    # places of operators that add up a gradient, on known threads
    adding: At

    @property
    def forward(self) -> NDArray[np.int64]:
        """The rows of forward operators."""
        return np.flatnonzero(self.forward_id == 0)

    @property
    def backward(self) -> NDArray[np.int64]:
        """The rows of backward operators."""
        return np.flatnonzero(self.forward_id > 0)


def processes(
    con: duckdb.DuckDBPyConnection, operators: Operators, threads: Threads
) -> Iterator[Process]:
    """The processes that have backward operators."""
    numbered = con.table("cpu_op").filter("sequence_number >= 0")
    columns = "trace_id", "op_id", "sequence_number", "coalesce(forward_thread_id, 0)", "hash(name)"
    parts = list(read_batches(numbered, *columns))
    if not any((part[3] > 0).any() for part in parts):
        return
    trace, op, sequence, forward_id, name = map(np.concatenate, zip(*parts, strict=True))
    at = operators.places.of(trace, op)
    track = operators.track[at]
    word, backward_word = _words(numbered, name)
    found = con.table("cpu_op").filter(_ADDING)
    added = [operators.places.of(*part) for part in read_batches(found, "trace_id", "op_id")]
    adding = np.concatenate([at[:0], *added])
    adding = adding[threads.is_whole[operators.track[adding]]]
    adding_trace, _ = operators.places.keys(adding)
    adding_process = threads.process[operators.track[adding]]
    for rows in by_group(trace, threads.process[track]):
        trace_id, owner = trace[rows[0]], threads.process[track[rows[0]]]
        process = threads.rows[track[rows[0]]][0]
        # an unknown process equals no other
        if process is not None:
            yield Process(
                trace_id=int(trace_id),
                name=process,
                at=at[rows],
                track=track[rows],
                start=operators.start[at[rows]],
                number=np.unique(sequence[rows], return_inverse=True)[1],
                word=word[rows],
                backward_word=backward_word[rows],
                forward_id=forward_id[rows],
                adding=adding[(adding_trace == trace_id) & (adding_process == owner)],
            )


def _words(
    numbered: duckdb.DuckDBPyRelation, name: Numbers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of the words of names, given by their hashes."""
    names = numbered.project("name").distinct()
    rows = names.project(f"hash(name), {_WORD}, {_BACKWARD_WORD}").fetchall()
    rows.sort(key=lambda row: int(row[0]))
    place = np.searchsorted(np.array([row[0] for row in rows], np.uint64), name)
    known = {word: n for n, word in enumerate(sorted({w for row in rows for w in row[1:]}))}
    word, backward_word = (np.array([known[row[i]] for row in rows]) for i in (1, 2))
    return word[place], backward_word[place]


def forward_threads(process: Process, threads: Threads) -> dict[int, int] | None:
    """The track of each thread that backward operators name; None where too many pairs are to compare."""
    forward, backward = process.forward, process.backward
    started = {
        int(process.track[rows[0]]): int(process.start[rows].min())
        for rows in _of_each(process.track, forward)
    }
    name = {track: threads.rows[track][1] for track in started}
    # in the order in which they start; NULL is the last text
    order = sorted(started, key=lambda t: (started[t], name[t] is None, name[t] or ""))
    asked = list(_of_each(process.forward_id, backward))
    if len(asked) * len(order) > _MOST_PAIRS:
        return None
    candidates = [_Numbers(process, forward[process.track[forward] == track]) for track in order]
    found: dict[int, int] = {}
    for place, rows in enumerate(asked):
        number, word = _last_words(process, rows)
        best: tuple[int, ...] = ()
        for other, track in enumerate(order):
            shared, fitting = candidates[other].count(number, word)
            count = len(candidates[other].numbers)
            rank = (fitting, shared, -count, -abs(other - place), -other)
            if shared and name[track] is not None and (not best or rank > best):
                best, found[int(process.forward_id[rows[0]])] = rank, track
    return found


def _of_each(key: NDArray[np.int64] | At, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The rows with each key, in its order."""
    for some in by_group(key[rows]):
        yield rows[some]


def _last_words(
    process: Process, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The numbers of backward operators, and the last of the words of each."""
    number, word = process.number[rows], process.backward_word[rows]
    order = np.lexsort((word, number))
    number, word = number[order], word[order]
    is_last = np.append(number[1:] != number[:-1], True)
    return number[is_last], word[is_last]


class _Numbers:
    """The numbers of a thread's forward operators, and those with the words of each."""

    def __init__(self, process: Process, rows: NDArray[np.int64]) -> None:
        # above any word
        self._factor = int(max(process.word.max(), process.backward_word.max())) + 1
        self.numbers = np.unique(process.number[rows])
        self._pairs = process.number[rows] * self._factor + process.word[rows]

    def count(self, number: NDArray[np.int64], word: NDArray[np.int64]) -> tuple[int, int]:
        """How many of these numbers it has, and how many with these words."""
        pairs = number * self._factor + word
        return int(np.isin(number, self.numbers).sum()), int(np.isin(pairs, self._pairs).sum())
