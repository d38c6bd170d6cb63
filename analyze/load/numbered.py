"""Small numbers for combinations of columns: threads and streams are few, and texts are slow to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import duckdb
import numpy as np
from numpy.typing import NDArray

# places of rows in an array, or numbers
At: TypeAlias = NDArray[np.int32]
# a thread as Threads takes it
THREAD = "hash(process_id, thread_id)"


class Codes:
    """Numbers of the few combinations of some columns of tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[str], columns: str) -> None:
        listed: set[tuple[Any, ...]] = set()
        for table in tables:
            found = con.table(table).project(columns).distinct()
            listed |= set(found.project(f"hash({columns}), {columns}").fetchall())
        known = sorted(listed, key=lambda row: int(row[0]))
        # what to read of each row for `of`: one combination needs no hash
        self.asked = f"hash({columns})" if len(known) > 1 else "0"
        self._hashes = np.array([row[0] for row in known], np.uint64)
        self.rows = [row[1:] for row in known]

    def of(self, hashes: NDArray[Any]) -> At:
        """The numbers of combinations by their hashes."""
        return np.searchsorted(self._hashes, hashes).astype(np.int32)


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
        return self._track[self._codes.of(hashes)]


def split(rows: At, group: At) -> Iterator[tuple[int, At]]:
    """The rows of each group, in order of the groups' numbers."""
    if len(rows) and (group != group[0]).any():
        # small numbers are sorted in a tenth of the time
        is_small = group.max() < 1 << 16
        order = np.argsort(group.astype(np.uint16) if is_small else group, kind="stable")
        rows, group = rows[order], group[order]
    changes = np.flatnonzero(np.diff(group)) + 1
    for part, first in zip(np.split(rows, changes), [0, *changes.tolist()], strict=True):
        if len(part):
            yield int(group[first]), part
