"""The boxes of a part of a timeline's line: a slice that is a pixel wide or more is one of its own.

Shorter ones are added up per pixel. Pixels lie on a fixed grid, so that moving a window doesn't make them flicker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.colours import SLICE_COLOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genscope.analyze.app.timeline_slices import Slices

Columns = dict[str, "NDArray[Any]"]


def boxes_of(line: int, slices: Slices, bounds: tuple[int, int], bin_bits: int) -> Columns:
    """The boxes of a line between two times, in order of their starts; a pixel has 2 ** `bin_bits` ns.

    Columns are line, start_ns, end_ns, ref, label_id (-1 for several slices), item_count, busy_frac (0..1 of the pixel
    that they fill) and colour (of several, the one with most time). `ref` is that of the first slice.
    """
    import numpy as np

    from_ns, until_ns = bounds
    first = int(np.searchsorted(slices.reach, from_ns, "right"))
    last = int(np.searchsorted(slices.start, until_ns, "left"))
    start, end = slices.start[first:last], slices.end[first:last]
    length = end - start
    is_wide = (length >> bin_bits) > 0
    # a slice that overlaps a later one can be over before the window
    seen = end > from_ns
    wide = np.flatnonzero(is_wide & seen)
    parts = [
        {
            "start_ns": start[wide],
            "end_ns": end[wide],
            "ref": slices.ref[first:last][wide],
            "label_id": slices.label[first:last][wide],
            "item_count": np.ones(len(wide), np.uint32),
            "busy_frac": np.ones(len(wide), np.float32),
            "colour": slices.colour[first:last][wide],
        }
    ]
    short = np.flatnonzero(~is_wide & seen)
    if len(short):
        parts.append(_added_up(slices, first + short, bin_bits))
    found = joined(parts)
    order = np.argsort(found["start_ns"], kind="stable")
    ordered = {name: column[order] for name, column in found.items()}
    return {"line": np.full(len(order), line, np.int32), **ordered}


def _added_up(slices: Slices, short: NDArray[Any], bin_bits: int) -> Columns:
    """One box for the short slices that begin within a pixel; `short` are their places."""
    import numpy as np

    start, end = slices.start[short], slices.end[short]
    pixel = start >> bin_bits
    is_first = np.append(True, pixel[1:] != pixel[:-1])
    first = np.flatnonzero(is_first)
    count = np.diff(first, append=len(short))
    own = np.add.reduceat(end - start, first)
    colour = slices.colour[short[first]]
    if not slices.has_one_colour:
        kinds = len(SLICE_COLOURS)
        place = (np.cumsum(is_first) - 1) * kinds + slices.colour[short]
        sums = np.bincount(place, weights=end - start, minlength=len(first) * kinds)
        colour = sums.reshape(-1, kinds).argmax(axis=1).astype(np.uint8)
    return {
        "start_ns": start[first],
        "end_ns": np.maximum.reduceat(end, first),
        "ref": slices.ref[short[first]],
        "label_id": np.where(count == 1, slices.label[short[first]], np.int32(-1)),
        "item_count": count,
        "busy_frac": np.minimum(1, own / (1 << bin_bits)),
        "colour": colour,
    }


def joined(parts: Iterable[Columns]) -> Columns:
    """The rows of all parts, one after the other."""
    import numpy as np

    parts = [*parts]
    if not parts:
        return {"line": np.empty(0, np.int32)}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
