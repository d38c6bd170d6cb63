"""Arrays of a whole trace in files, of which memory holds only the parts in use.

A trace has millions of events, and memory must not grow with them. A file of an array is read and
written like the array; `release` gives the memory back, and the system keeps what was written.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any
from weakref import WeakKeyDictionary

import duckdb
import numpy as np
from numpy.typing import NDArray

# events at a time
BLOCK = 1 << 16
# smaller arrays are not worth a file
_SMALL_BYTES = 2 << 20
# what blocks may have touched before it is given back: to read that again takes longer than to hold it
_MOST_HELD_BYTES = 16 << 20


class Scratch:
    """Makes arrays in the folder in which DuckDB has its temporary files."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        spill = con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
        # a database in memory has no place of its own
        self._folder = None if spill in (None, "", ".tmp") else Path(spill).parent
        # with the size of an item
        self._mapped: WeakKeyDictionary[mmap.mmap, int] = WeakKeyDictionary()
        self._changing = Lock()
        self._held_bytes = 0

    def new(self, size: int, value: Any, kind: type[np.generic]) -> NDArray[Any]:
        """An array of that many values, all the same. Raises OSError if the disk is full."""
        if size * np.dtype(kind).itemsize <= _SMALL_BYTES:
            return np.full(size, value, kind)
        with TemporaryFile(dir=self._folder) as file:
            block = np.full(BLOCK, value, kind)
            # a map of a file that the disk has no room for ends the process
            if not block.any() and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size * block.itemsize)
            else:
                for first in range(0, size, BLOCK):
                    file.write(block[: size - first].tobytes())
                file.flush()
            mapped = mmap.mmap(file.fileno(), 0)
        with self._changing:
            self._mapped[mapped] = block.itemsize
        return np.frombuffer(mapped, kind)

    def of(self, file: IO[bytes], kind: type[np.generic]) -> NDArray[Any]:
        """The array that was written to a file of `open`; nothing may change in it."""
        file.flush()
        if not file.tell():
            return np.zeros(0, kind)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with self._changing:
            self._mapped[mapped] = np.dtype(kind).itemsize
        return np.frombuffer(mapped, kind)

    def open(self) -> IO[bytes]:
        """A file for the values of an array of unknown size: to write them takes less time than to set them."""
        return TemporaryFile(dir=self._folder)

    def release(self) -> None:
        """Give back the memory that arrays take; their values stay."""
        self._held_bytes = 0
        if hasattr(mmap, "MADV_DONTNEED"):
            with self._changing:
                for mapped in self._mapped:
                    mapped.madvise(mmap.MADV_DONTNEED)

    def release_some(self) -> None:
        """Give it back after some blocks of a trace, each of which touches at most a block of each array."""
        with self._changing:
            self._held_bytes += BLOCK * sum(self._mapped.values())
        if self._held_bytes > _MOST_HELD_BYTES:
            self.release()

    def blocks(self, rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Parts of an array; what was read is released now and then."""
        for first in range(0, len(rows), BLOCK):
            yield rows[first : first + BLOCK]
            self.release_some()

    def chosen(
        self, rows: NDArray[Any], is_chosen: Callable[[NDArray[Any]], NDArray[np.bool_]]
    ) -> NDArray[Any]:
        """Those of an array that are chosen, block by block."""
        found = [block[is_chosen(block)] for block in self.blocks(rows)]
        return np.concatenate([rows[:0], *found])

    def taken(self, values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
        """The values at some places, block by block."""
        return np.concatenate([values[:0], *(values[block] for block in self.blocks(rows))])
