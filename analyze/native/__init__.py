"""Load the small C library that does the parts of a load where Python is too slow.

It is plain C without Python's API, so one build serves every Python version, and ctypes releases the
lock while it runs. A machine without a compiler gets no library: readers and SQL then do the same work
more slowly.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

# setup.py builds it
LIBRARY = Path(__file__).with_name("native.so")

_POINTER, _INT64 = ctypes.c_void_p, ctypes.c_int64
# name -> result, arguments; the C files describe them
_FUNCTIONS = {
    "genscope_scan": (ctypes.c_int32, (_POINTER, _POINTER, _INT64, *[_POINTER] * 3, _INT64)),
    "genscope_nest": (_INT64, (_POINTER, _POINTER, _POINTER, _POINTER)),
    "genscope_close": (_INT64, (_POINTER, _POINTER)),
    "genscope_take": (_INT64, (_POINTER, _INT64, _INT64)),
    "genscope_change": (_INT64, (_POINTER, _INT64, _INT64, _INT64)),
}


class _Buffer(ctypes.Structure):
    _fields_ = (("start", ctypes.c_void_p), ("bytes", ctypes.c_uint64))


class Buffers:
    """Arrays as one argument of a C function, which must not keep it; holds on to the arrays."""

    def __init__(self, *arrays: NDArray[Any]) -> None:
        if not all(array.flags.c_contiguous for array in arrays):
            raise ValueError("C reads contiguous arrays only")
        self._arrays = arrays
        parts = (_Buffer(_start(array), array.nbytes) for array in arrays)
        # ctypes passes this
        self._as_parameter_ = (_Buffer * len(arrays))(*parts)


def _start(array: NDArray[Any]) -> int:
    """The address of its first item."""
    if array.nbytes and array.flags.writeable:
        # in a third of the time of array.ctypes
        return ctypes.addressof(ctypes.c_char.from_buffer(array.data))
    return array.ctypes.data


@cache
def library() -> ctypes.CDLL | None:
    """The library, or None if this installation has none.

    GENSCOPE_LIBRARY names another build of it. Raises OSError if that can't be loaded.
    """
    other = os.environ.get("GENSCOPE_LIBRARY")
    try:
        found = ctypes.CDLL(other or str(LIBRARY))
    except OSError:
        if other:
            raise
        return None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found
