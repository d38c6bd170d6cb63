"""Exact sums of 64-bit integers by number, also where they leave int64."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from genscope.analyze.load.numbered import At
from genscope.analyze.native.arrays import add_at

_LOW = np.int64((1 << 32) - 1)

_Values = NDArray[np.int64]


class Total:
    """Sums in two halves: `high` counts multiples of 2**32. Both are of zeros at first."""

    def __init__(self, high: _Values, low: _Values) -> None:
        self._high, self._low = high, low

    def add(self, number: At, value: _Values) -> None:
        """Add values to the sums with these numbers."""
        add_at(self._high, number, value >> 32)
        add_at(self._low, number, value & _LOW)

    def column(self, absent: NDArray[np.bool_] | None = None) -> pa.Array:
        """The sums as DECIMAL(38, 0), NULL where absent."""
        high = self._high + (self._low >> 32)
        halves = np.stack([(high << 32) | (self._low & _LOW), high >> 32], axis=1)
        present = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
        buffers = [present, pa.py_buffer(halves.tobytes())]
        return pa.Array.from_buffers(pa.decimal128(38, 0), len(high), buffers)


def totals(size: int) -> Total:
    """Of so many sums."""
    return Total(np.zeros(size, np.int64), np.zeros(size, np.int64))
