"""Read and change the items of an array at places, in a fraction of NumPy's time.

NumPy converts places to int64 and goes through an iterator, which took a tenth of a load. Places count from
0: no negative one counts from the end. Small arrays, and an installation without the library, leave the work
to NumPy.
"""

from __future__ import annotations

import ctypes
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genscope.analyze import native

# for fewer places NumPy takes no longer than the call of a C function
FEWEST = 1 << 12
# how an item changes, as the C file numbers it
_PUT, _ADD, _LEAST, _MOST = range(4)
_CHANGE = {_ADD: np.add, _LEAST: np.minimum, _MOST: np.maximum}

# int32 or int64
Places: TypeAlias = NDArray[np.signedinteger[Any]]
Values: TypeAlias = NDArray[Any] | int


def take(items: NDArray[Any], places: Places) -> NDArray[Any]:
    """The items at some places. Raises IndexError for a place outside the array."""
    if len(places) < FEWEST or not (library := _library(items, places)):
        found: NDArray[Any] = items[_unsigned(places)]
        return found
    found = np.empty(len(places), items.dtype)
    c = native.Buffers(items, places, found)
    _check(library.genscope_take(c, items.itemsize, places.itemsize), places)
    return found


def put(items: NDArray[Any], places: Places, values: Values) -> None:
    """Set the items at some places; of equal places, the last one counts.

    Like the functions below it raises IndexError for a place outside the array, perhaps with some items
    changed. `values` must not share memory with `items`.
    """
    if not _change(_PUT, items, places, values):
        items[_unsigned(places)] = values


def add_at(items: NDArray[np.signedinteger[Any]], places: Places, values: Values) -> None:
    """Add a value to the item at each place; a sum that overflows wraps around."""
    _change_number(_ADD, items, places, values)


def least_at(items: NDArray[np.signedinteger[Any]], places: Places, values: Values) -> None:
    """Keep the least of the item at each place and a value."""
    _change_number(_LEAST, items, places, values)


def most_at(items: NDArray[np.signedinteger[Any]], places: Places, values: Values) -> None:
    """Keep the greatest of the item at each place and a value."""
    _change_number(_MOST, items, places, values)


def _change_number(
    how: int, items: NDArray[np.signedinteger[Any]], places: Places, values: Values
) -> None:
    # C takes all integers as signed
    if items.dtype.kind != "i" or not _change(how, items, places, values):
        # of another type they take NumPy twenty times as long
        same = np.asarray(values).astype(items.dtype, copy=False)
        _CHANGE[how].at(items, _unsigned(places), same)


def _change(how: int, items: NDArray[Any], places: Places, values: Values) -> bool:
    """Change items in C; false, and nothing changed, where NumPy must."""
    if len(places) < FEWEST or not (library := _library(items, places)):
        return False
    each = np.asarray(values).astype(items.dtype, order="C", copy=False).reshape(-1)
    if not items.flags.writeable or len(each) not in (1, len(places)):
        return False
    c = native.Buffers(items, places, each)
    _check(library.genscope_change(c, how, items.itemsize, places.itemsize), places)
    return True


def _library(items: NDArray[Any], places: Places) -> ctypes.CDLL | None:
    """The library, if it knows such arrays."""
    is_known = (
        items.dtype.kind in "iufb"
        and items.itemsize in (1, 4, 8)
        and places.dtype.kind == "i"
        and places.itemsize in (4, 8)
    )
    is_plain = all(
        array.ndim == 1
        and array.flags.c_contiguous
        and array.flags.aligned
        and array.dtype.isnative
        for array in (items, places)
    )
    return native.library() if is_known and is_plain else None


def _check(inside: int, places: Places) -> None:
    if inside < 0:
        raise AssertionError("the arrays' buffers don't fit each other")
    if inside < len(places):
        raise IndexError(f"place {places[inside]} is outside the array")


def _unsigned(places: Places) -> NDArray[np.integer[Any]]:
    """The same without negative places, which NumPy counts from the end. Raises IndexError."""
    if places.itemsize == 4:
        return places.view(np.uint32)
    if places.min(initial=0) < 0:
        raise IndexError(f"place {places.min()} is outside the array")
    return places
