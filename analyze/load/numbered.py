"""Small numbers for combinations of columns: threads and streams are few, and texts are slow to compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.narrow import TEXT_ID, texts_of
from genscope.analyze.load.scratch_arrays import BLOCK
from genscope.analyze.load.tables import table_files
from genscope.analyze.native.arrays import take

# places of rows in an array, or numbers
At: TypeAlias = NDArray[np.int32]
# a thread as Threads takes it
THREAD = "hash(process_id, thread_id)"


class Codes:
    """Numbers of the few combinations of some columns of tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[str], columns: str) -> None:
        listed: set[tuple[Any, ...]] = set()
        for table in tables:
            found = (
                f"SELECT hash({columns}), {columns} FROM (SELECT DISTINCT {columns} FROM {table})"
            )
            listed |= set(con.execute(found).fetchall())
        known = sorted(listed, key=lambda row: int(row[0]))
        self._hashes = np.array([row[0] for row in known], np.uint64)
        self.rows = [row[1:] for row in known]

    def of(self, hashes: NDArray[Any]) -> At:
        """The numbers of combinations by their hashes."""
        if len(self.rows) == 1:
            return np.zeros(len(hashes), np.int32)
        return np.searchsorted(self._hashes, hashes).astype(np.int32)


class TextCodes:
    """Numbers of what a table says in its columns of texts, found by text_id; see narrow."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str, columns: str) -> None:
        known = con.table(f"{table}_text").project(f"{TEXT_ID}, {columns}").fetchall()
        known.sort(key=lambda row: int(row[0]))
        self._ids = np.array([row[0] for row in known], np.int64)
        # of several traces some are equal
        self.rows = [row[1:] for row in known]

    def of(self, text_ids: NDArray[np.int64]) -> At:
        """The numbers of combinations by their ids."""
        return np.searchsorted(self._ids, text_ids).astype(np.int32)


def coded(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> tuple[str, str, Codes | TextCodes]:
    """Where to read what a table says in some columns, as which expression, and the numbers of its values."""
    texts = [name for name in texts_of(table_files()[table]) if name in columns]
    others = [name for name in columns if name not in texts]
    if not texts:
        listed = ", ".join(columns)
        return table, f"hash({listed})", Codes(con, [table], listed)
    said = TextCodes(con, table, ", ".join(texts))
    if not others:
        return f"{table}_row", TEXT_ID, said
    listed = ", ".join((TEXT_ID, *others))
    codes = Codes(con, [f"{table}_row"], listed)
    ids = np.array([row[0] for row in codes.rows], np.int64)
    for at, (row, text) in enumerate(zip(codes.rows, said.of(ids).tolist(), strict=True)):
        found = dict(zip((*texts, *others), (*said.rows[text], *row[1:]), strict=True))
        codes.rows[at] = tuple(found[name] for name in columns)
    return f"{table}_row", f"hash({listed})", codes


class Threads:
    """Numbers of threads, equal where process and thread read the same."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> None:
        self._codes = Codes(con, tables, "process_id, thread_id")
        tracks = [" ".join(part for part in row if part is not None) for row in self._codes.rows]
        # by number
        self.texts = sorted(set(tracks))
        known = {track: number for number, track in enumerate(self.texts)}
        self._track = np.array([known[track] for track in tracks], np.int32)
        # false where the texts of a process and a thread read like those of others
        self.are_distinct = len(known) == len(tracks)
        # by number: a process and a thread that read so, whether both are known, and a number of the process
        named = dict(zip(self._track.tolist(), self._codes.rows, strict=True))
        self.rows: list[tuple[str | None, str | None]] = [
            (named[number][0], named[number][1]) for number in range(len(known))
        ]
        self.is_whole = np.array([None not in row for row in self.rows], np.bool_)
        first: dict[str | None, int] = {}
        numbers = [first.setdefault(row[0], number) for number, row in enumerate(self.rows)]
        self.process = np.array(numbers, np.int32)

    def of(self, hashes: NDArray[Any]) -> At:
        """The numbers of threads by their hashes."""
        return take(self._track, self._codes.of(hashes))


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Each value once, in order."""
    # without counts np.unique imports numpy.ma, which takes longer than most passes over a small trace
    found: NDArray[Any] = np.unique(values, return_counts=True)[0]
    return found


def split(rows: At, group: At) -> Iterator[tuple[int, At]]:
    """The rows of each group, in order of the groups' numbers."""
    if not len(rows) or (group == group[0]).all():
        yield from ((int(group[0]), rows) for _ in rows[:1])
        return
    starts = range(0, len(rows), BLOCK)
    yield from gathered((rows[at : at + BLOCK], group[at : at + BLOCK]) for at in starts)


def gathered(blocks: Iterable[tuple[At, NDArray[Any]]]) -> Iterator[tuple[int, At]]:
    """The same of blocks of rows with their groups."""
    parts: dict[int, list[At]] = {}
    for rows, group in blocks:
        if not len(rows):
            continue
        # small numbers are sorted in a tenth of the time
        is_small = group.max() < 1 << 16
        order = np.argsort(group.astype(np.uint16) if is_small else group, kind="stable")
        ordered = take(group, order)
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        split_rows = np.split(take(rows, order), first[1:])
        for number, part in zip(ordered[first].tolist(), split_rows, strict=True):
            parts.setdefault(number, []).append(part)
    for number in sorted(parts):
        yield number, np.concatenate(parts.pop(number))
