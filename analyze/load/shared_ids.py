"""Rows of a table by an id that rows of others name, found in an array by the id instead of by a join."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.numbered import At, Codes
from genscope.analyze.load.places import Numbers, Places
from genscope.analyze.load.row_texts import RowTexts
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.native.arrays import least_at, put, take

# ids lie close together, so an array has room for all ids of a page that has one
_PAGE = 12
_IN_PAGE = (1 << _PAGE) - 1
# how many pages there may be in all, for so many rows, and from the lowest to the highest
_MOST_PAGES, _ROWS, _MOST_BETWEEN = 1 << 16, 1 << 7, 1 << 22
_PROCESS = "trace_id, process_id"
# rows of one process with one id: a call can be recorded in the runtime and in the driver
_MOST_ALIKE = 8


@dataclass(frozen=True)
class Owner:
    """A process of a trace; its pages are the `count` from `lowest` on, whose numbers are kept from `first` on."""

    trace_id: int
    process: str | None
    lowest: int
    count: int
    first: int


class SharedIds:
    """The rows of each process with an id above 0: those that come first, those that come second, and so on."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        scratch: Scratch,
        places: Places,
        table: str,
        column: str,
    ) -> None:
        self.places, self._table, self._column, self._scratch = places, table, column, scratch
        numbered = con.table(table).filter(f"{column} > 0")
        keys = f"trace_id, process_id, {column} >> {_PAGE}"
        # more than fit are not listed
        found = numbered.aggregate(f"{keys}, count(*)", keys).limit(_MOST_PAGES + 1).fetchall()
        pages: dict[tuple[int, str | None], list[int]] = {}
        for trace_id, process, page, _ in found:
            pages.setdefault((trace_id, process), []).append(page)
        self.owners: list[Owner] = []
        between = 0
        for (trace_id, process), numbers in pages.items():
            lowest, count = min(numbers), max(numbers) - min(numbers) + 1
            self.owners.append(Owner(trace_id, process, lowest, count, between))
            between += count
        least_rows = (len(found) - 2 * len(pages)) * _ROWS
        # false if ids are too far apart
        self.fit = (
            len(found) <= _MOST_PAGES
            and between <= _MOST_BETWEEN
            and least_rows <= sum(row[-1] for row in found)
        )
        self._ranks: list[At] = []
        if self.fit:
            # the last one is for pages without an id
            self._page = np.full(between + 1, len(found), np.int32)
            kept = zip(self.owners, pages.values(), strict=True)
            used = [n - owner.lowest + owner.first for owner, numbers in kept for n in numbers]
            self._page[sorted(used)] = np.arange(len(used))
            self._fill(con, (len(found) + 1) << _PAGE)

    def _fill(self, con: duckdb.DuckDBPyConnection, size: int) -> None:
        codes = Codes(con, [f"{self._table}_text"], _PROCESS)
        known = {(owner.trace_id, owner.process): owner for owner in self.owners}
        before = np.zeros(len(codes.rows), np.int64)
        for code, row in enumerate(codes.rows):
            if owner := known.get((row[0], row[1])):
                before[code] = owner.first - owner.lowest
        self._slots = self._scratch.new(self.places.none + 1, size - 1, np.int32)
        self._ranks = [self._scratch.new(size, self.places.none, np.int32)]
        texts = RowTexts(con, self._table, (f"hash({_PROCESS})", codes.of))
        for at, (owner_code,), (number,) in texts.read(self.places, f"coalesce({self._column}, 0)"):
            rows = np.flatnonzero(number > 0)
            known_number, places = take(number, rows), take(at, rows)
            page = (known_number >> _PAGE) + take(before, take(owner_code, rows))
            slot = self._slot(page, known_number)
            put(self._slots, places, slot)
            least_at(self._ranks[0], slot, places)
            self._scratch.release_some()

    def rank_later(self) -> bool:
        """Find the rows that are not the first of their id; false if there are too many of one id."""
        first, slots = self._ranks[0], self._slots
        parts = [block[take(first, take(slots, block)) < block] for block in self.places.blocks()]
        later = np.concatenate([np.zeros(0, np.int32), *parts])
        while len(later) and len(self._ranks) < _MOST_ALIKE:
            following = self._scratch.new(len(first), self.places.none, np.int32)
            np.minimum.at(following, slots[later], later)
            self._ranks.append(following)
            later = later[following[slots[later]] < later]
        return not len(later)

    def _slot(self, page: NDArray[np.int64], number: Numbers) -> At:
        found: At = (take(self._page, page) << _PAGE) | (number & _IN_PAGE).astype(np.int32)
        return found

    def of(self, owner: Owner, numbers: Numbers) -> list[At]:
        """The places of the first rows of an owner with these ids, of the second ones ...; of none where none is."""
        page = (numbers >> _PAGE) - owner.lowest
        is_known = (numbers > 0) & (page >= 0) & (page < owner.count)
        page = np.where(is_known, page + owner.first, len(self._page) - 1)
        slot = self._slot(page, numbers)
        return [take(rank, slot) for rank in self._ranks]
