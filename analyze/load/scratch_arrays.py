"""Arrays of a whole trace in files, of which memory holds only the parts in use.

A trace has millions of events, and memory must not grow with them. A file of an array is read and
written like the array; `release` gives the memory back, and the system keeps what was written.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from weakref import WeakSet

import duckdb
import numpy as np
from numpy.typing import NDArray

# events at a time
BLOCK = 1 << 16
# smaller arrays are not worth a file
_SMALL_BYTES = 2 << 20
_MOST_BLOCKS_HELD = 16


class Scratch:
    """Makes arrays in the folder in which DuckDB has its temporary files."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        spill = con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
        # a database in memory has no place of its own
        self._folder = None if spill in (None, "", ".tmp") else Path(spill).parent
        self._mapped: WeakSet[mmap.mmap] = WeakSet()
        self._blocks_held = 0

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
        self._mapped.add(mapped)
        return np.frombuffer(mapped, kind)

    def release(self) -> None:
        """Give back the memory that arrays take; their values stay."""
        self._blocks_held = 0
        if hasattr(mmap, "MADV_DONTNEED"):
            for mapped in self._mapped:
                mapped.madvise(mmap.MADV_DONTNEED)

    def release_some(self) -> None:
        """Give it back after some blocks of a trace: to read what was given back takes time."""
        self._blocks_held += 1
        if self._blocks_held == _MOST_BLOCKS_HELD:
            self.release()

    def blocks(self, rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Parts of an array; what was read for one is released before the next."""
        for first in range(0, len(rows), BLOCK):
            yield rows[first : first + BLOCK]
            self.release()
