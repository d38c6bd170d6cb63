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
# what may be in memory before it is given back: to read that again takes longer than to hold it
_MOST_HELD_BYTES = 16 << 20
# what Linux says of this process's memory, in pages
_MEMORY = Path("/proc/self/statm")


class _Mapped:
    """The arrays of this process in files, whose memory is given back together."""

    def __init__(self) -> None:
        # with the size of an item
        self._arrays: WeakKeyDictionary[mmap.mmap, int] = WeakKeyDictionary()
        self._changing = Lock()
        # bytes of files in memory when arrays were given back last, and those that blocks have touched since
        self._least = self._touched = 0

    def add(self, mapped: mmap.mmap, item_bytes: int) -> None:
        with self._changing:
            self._arrays[mapped] = item_bytes

    def release(self) -> None:
        with self._changing:
            if hasattr(mmap, "MADV_DONTNEED"):
                for mapped in self._arrays:
                    mapped.madvise(mmap.MADV_DONTNEED)
            self._least, self._touched = _file_bytes() or 0, 0

    def release_some(self) -> None:
        found = _file_bytes()
        if found is None:
            # a block of each array, at most
            with self._changing:
                self._touched += BLOCK * sum(self._arrays.values())
        held = self._touched if found is None else found - self._least
        if held > _MOST_HELD_BYTES:
            self.release()


_MAPPED = _Mapped()


class Scratch:
    """Makes arrays in the folder in which DuckDB has its temporary files."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        spill = con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
        # a database in memory has no place of its own
        self._folder = None if spill in (None, "", ".tmp") else Path(spill).parent

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
        _MAPPED.add(mapped, block.itemsize)
        return np.frombuffer(mapped, kind)

    def of(self, file: IO[bytes], kind: type[np.generic]) -> NDArray[Any]:
        """The array that was written to a file of `open`; nothing may change in it."""
        file.flush()
        if not file.tell():
            return np.zeros(0, kind)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        _MAPPED.add(mapped, np.dtype(kind).itemsize)
        return np.frombuffer(mapped, kind)

    def open(self) -> IO[bytes]:
        """A file for the values of an array of unknown size: to write them takes less time than to set them."""
        return TemporaryFile(dir=self._folder)

    @staticmethod
    def release() -> None:
        """Give back the memory that all arrays of this process take; their values stay."""
        _MAPPED.release()

    @staticmethod
    def release_some() -> None:
        """The same if it is much; to be called after each block of rows."""
        _MAPPED.release_some()

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


def _file_bytes() -> int | None:
    """Bytes of files that this process has in memory; None where the system does not say."""
    try:
        with _MEMORY.open("rb", buffering=0) as file:
            return int(file.read(256).split()[2]) * mmap.PAGESIZE
    except OSError:
        return None
