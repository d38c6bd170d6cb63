"""Operators that autograd numbers, and the threads whose numbers backward operators carry, from arrays.

The threads are those of queries/work/forward_thread.sql.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import At, Threads, distinct, gathered
from genscope.analyze.load.operators import Operators
from genscope.analyze.load.places import Numbers, read_batches
from genscope.analyze.load.scratch_arrays import BLOCK, Scratch
from genscope.analyze.native.arrays import add_at, take

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
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Numbered:
    """Operators with a sequence number: their numbers, places, times, words and cpu_op.forward_thread_id."""

    scratch: Scratch
    # equal where sequence numbers are
    number: NDArray[Any]
    at: At
    # threads, and when they start
    track: At
    start: Times
    # of the name: its words' numbers, in the order of the words
    word: At
    backward_word: At
    # 0 for forward operators
    forward_id: Numbers

    def of(self, rows: At) -> _Numbered:
        """Some of them, in order; their numbers are counted from 0 on."""
        columns: list[NDArray[Any]] = [
            *(self.at, self.track, self.start),
            *(self.word, self.backward_word, self.forward_id),
        ]
        if len(rows) < len(self.at):
            columns = [self._made(rows, v.__getitem__, v.dtype.type) for v in columns]
        parts = [distinct(self.number[block]) for block in self.scratch.blocks(rows)]
        known = distinct(np.concatenate(parts))
        number = self._made(rows, lambda some: np.searchsorted(known, self.number[some]), np.int32)
        return _Numbered(self.scratch, number, *columns)

    def _made(
        self, rows: At, of: Callable[[At], NDArray[Any]], kind: type[np.generic]
    ) -> NDArray[Any]:
        """The value of each row, block by block."""
        found, done = self.scratch.new(len(rows), 0, kind), 0
        for block in self.scratch.blocks(rows):
            found[done : done + len(block)] = of(block)
            done += len(block)
        return found


@dataclass(frozen=True)
class Process:
    """The numbered operators of a process, by rows, and its operators that add up gradients."""

    trace_id: int
    name: str
    operators: Operators
    numbered: _Numbered
    # places of operators that add up a gradient, on known threads
    adding: At

    def track(self, rows: At) -> At:
        """The threads of rows."""
        found: At = self.numbered.track[rows]
        return found

    def start(self, rows: At) -> Times:
        """When rows start."""
        found: Times = self.numbered.start[rows]
        return found

    def forward(self, rows: At) -> At:
        """Those of the rows that are forward operators."""
        found: At = rows[take(self.numbered.forward_id, rows) == 0]
        return found

    def backward(self, rows: At) -> At:
        """Those of the rows that are backward operators."""
        found: At = rows[take(self.numbered.forward_id, rows) > 0]
        return found

    def blocks(self) -> Iterator[At]:
        """All rows, those of a block at a time."""
        yield from self.numbered.scratch.blocks(np.arange(len(self.numbered.at), dtype=np.int32))

    @cached_property
    def number_count(self) -> int:
        """Above any number."""
        return 1 + max(int(take(self.numbered.number, rows).max()) for rows in self.blocks())

    @cached_property
    def part_of(self) -> At:
        """Of each number, the part that its rows are in."""
        count = np.zeros(self.number_count, np.int64)
        for rows in self.blocks():
            add_at(count, take(self.numbered.number, rows), 1)
        return ((np.cumsum(count) - count) // BLOCK).astype(np.int32)

    @cached_property
    def parts(self) -> dict[int, At]:
        """The rows in parts of about a block, all those of a number in one part."""
        number = self.numbered.number
        return dict(gathered((rows, self.part_of[number[rows]]) for rows in self.blocks()))


def processes(
    con: duckdb.DuckDBPyConnection, operators: Operators, threads: Threads
) -> Iterator[Process]:
    """The processes with such operators."""
    places, numbered = operators.places, _read(con, operators)
    found = con.table("cpu_op").filter(_ADDING)
    added = [places.of(*part) for part in read_batches(found, "trace_id", "op_id")]
    adding = np.concatenate([np.zeros(0, np.int32), *added])
    adding = adding[threads.is_whole[operators.scratch.taken(operators.track, adding)]]

    def owner(at: At, track: At) -> NDArray[np.int64]:
        trace = np.searchsorted(places.traces, places.keys(at)[0])
        found: NDArray[np.int64] = trace * len(threads.rows) + threads.process[track]
        return found

    rows = np.arange(len(numbered.at), dtype=np.int32)
    blocks = (
        (block, owner(numbered.at[block], numbered.track[block]))
        for block in operators.scratch.blocks(rows)
    )
    adding_owner = owner(adding, operators.scratch.taken(operators.track, adding))
    for code, rows in gathered(blocks):
        trace, number = divmod(code, len(threads.rows))
        process = threads.rows[number][0]
        # an unknown process equals no other
        if process is not None:
            yield Process(
                trace_id=int(places.traces[trace]),
                name=process,
                operators=operators,
                numbered=numbered.of(rows),
                adding=adding[adding_owner == code],
            )


def _read(con: duckdb.DuckDBPyConnection, operators: Operators) -> _Numbered:
    scratch, asked = operators.scratch, "sequence_number >= 0"
    size = con.table("cpu_op_row").filter(asked).aggregate("count(*)").fetchall()[0][0]
    at, track, word, backward_word = (scratch.new(size, 0, np.int32) for _ in range(4))
    number, start, forward_id = (scratch.new(size, 0, np.int64) for _ in range(3))
    hashes, words, backward_words = _words(con)
    columns = "trace_id", "op_id", "sequence_number", "coalesce(forward_thread_id, 0)", "hash(name)"
    done = 0
    for trace, op, sequence, forward, name in read_batches(
        con.table("cpu_op").filter(asked), *columns
    ):
        part, known = slice(done, done + len(op)), np.searchsorted(hashes, name)
        at[part] = places = operators.places.of(trace, op)
        track[part], start[part] = operators.track[places], operators.start[places]
        number[part], forward_id[part] = sequence, forward
        word[part], backward_word[part] = words[known], backward_words[known]
        done = part.stop
        scratch.release_some()
    return _Numbered(scratch, number, at, track, start, word, backward_word, forward_id)


def _words(con: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.uint64], At, At]:
    """The hashes of the names of operators, in order, and the numbers of their words."""
    names = con.table("cpu_op_text").project("name").distinct()
    rows = names.project(f"hash(name), {_WORD}, {_BACKWARD_WORD}").fetchall()
    rows.sort(key=lambda row: int(row[0]))
    known = {word: n for n, word in enumerate(sorted({w for row in rows for w in row[1:]}))}
    word, backward_word = (np.array([known[row[i]] for row in rows], np.int32) for i in (1, 2))
    return np.array([row[0] for row in rows], np.uint64), word, backward_word


def forward_threads(process: Process, threads: Threads) -> dict[int, int] | None:
    """The track of each thread that backward operators name; None where too many pairs are to compare."""
    last = _Last(process)
    if not last.asked:
        return {}
    started = np.full(len(threads.rows), _NEVER)
    has_some = np.zeros(len(threads.rows), np.bool_)
    for rows in map(process.forward, process.blocks()):
        has_some[process.track(rows)] = True
        np.minimum.at(started, process.track(rows), process.start(rows))
    name = [row[1] for row in threads.rows]
    # in the order in which they start; NULL is the last text
    order = sorted(
        np.flatnonzero(has_some).tolist(),
        key=lambda t: (started[t], name[t] is None, name[t] or ""),
    )
    if len(last.asked) * len(order) > _MOST_PAIRS:
        return None
    last.read()
    of_track = dict(
        gathered((rows, process.track(rows)) for rows in map(process.forward, process.blocks()))
    )
    best: dict[int, tuple[int, ...]] = {}
    found: dict[int, int] = {}
    for other, track in enumerate(order):
        for place, (count, shared, fitting) in enumerate(last.compare(of_track[track])):
            rank = (fitting, shared, -count, -abs(other - place), -other)
            asked = last.asked[place]
            if shared and name[track] is not None and rank > best.get(asked, ()):
                best[asked], found[asked] = rank, track
    return found


class _Last:
    """The numbers of the backward operators that name each thread, and the last of the words of each number."""

    def __init__(self, process: Process) -> None:
        self._process = process
        forward_id = process.numbered.forward_id
        named = [distinct(forward_id[process.backward(rows)]) for rows in process.blocks()]
        # what they call the threads
        self.asked: list[int] = distinct(np.concatenate(named)).tolist()
        self._word: list[At] = []

    def read(self) -> None:
        """Read the words."""
        process, numbered = self._process, self._process.numbered
        size = process.number_count
        # -1 where no operator has the number
        self._word = [numbered.scratch.new(size, -1, np.int32) for _ in self.asked]
        for rows in map(process.backward, process.blocks()):
            place = np.searchsorted(self.asked, numbered.forward_id[rows])
            for one in distinct(place).tolist():
                some = rows[place == one]
                np.maximum.at(self._word[one], numbered.number[some], numbered.backward_word[some])

    def compare(self, rows: At) -> Iterator[tuple[int, int, int]]:
        """Of each thread that is named: how many numbers these rows have, how many they share, and with its word."""
        numbered, size = self._process.numbered, self._process.number_count
        is_known = np.zeros(size, np.bool_)
        is_fitting = [np.zeros(size, np.bool_) for _ in self.asked]
        for block in numbered.scratch.blocks(rows):
            number, word = numbered.number[block], numbered.word[block]
            is_known[number] = True
            for last, fits in zip(self._word, is_fitting, strict=True):
                fits[number[last[number] == word]] = True
        for last, fits in zip(self._word, is_fitting, strict=True):
            yield int(is_known.sum()), int((is_known & (last >= 0)).sum()), int(fits.sum())
