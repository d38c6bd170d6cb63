"""Arrow columns from NumPy arrays, without pyarrow's own conversion, which imports all of pandas."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbers(
    values: NDArray[np.int64] | NDArray[np.uint64] | NDArray[np.int32] | NDArray[np.float64],
    absent: NDArray[np.bool_] | None = None,
) -> pa.Array:
    """A column of the values' type, NULL where `absent`. Copies the values."""
    present = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [present, pa.py_buffer(values.tobytes())])


def texts(values: Sequence[bytes | None]) -> pa.Array:
    """A column of UTF-8 texts, NULL where the value is None."""
    sizes = np.array([0, *(len(value or b"") for value in values)], np.int32)
    present = None
    if None in values:
        known = np.array([value is not None for value in values], np.bool_)
        present = pa.py_buffer(np.packbits(known, bitorder="little"))
    data = pa.py_buffer(b"".join(value or b"" for value in values))
    ends = pa.py_buffer(np.cumsum(sizes, dtype=np.int32).tobytes())
    return pa.Array.from_buffers(pa.string(), len(values), [present, ends, data])


def as_numpy(column: pa.Array, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """The values of a column of type `kind` without NULLs, as a view."""
    values = np.frombuffer(column.buffers()[1], kind)
    return values[column.offset : column.offset + len(column)]
