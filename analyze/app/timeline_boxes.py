"""The boxes of a part of a timeline's line: a slice that is a pixel wide or more is one of its own.

Shorter ones are added up per pixel. Pixels lie on a fixed grid, so that moving a window doesn't make them flicker.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from genscope.analyze.app.colours import SLICE_COLOURS
from genscope.analyze.app.timeline_slices import Slices, Sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

Columns = dict[str, "NDArray[Any]"]


def boxes_of(line: int, slices: Slices, bounds: tuple[int, int], bin_bits: int) -> Columns:
    """The boxes of a line between two times, in order of their starts; a pixel has 2 ** `bin_bits` ns.

    Columns are line, start_ns, end_ns, ref, label_id (-1 for several slices), item_count, busy_frac (0..1 of the
    pixel that they fill) and colour (of several, the one with most time). `ref` is that of the first slice.
    """
    import numpy as np

    from_ns, until_ns = bounds
    first = int(np.searchsorted(slices.reach, from_ns, "right"))
    last = int(np.searchsorted(slices.start, until_ns, "left"))
    wide, short = _split(slices, first, last, bin_bits)
    if slices.reach is not slices.end:
        # a slice that overlaps a later one can be over before the window
        wide, short = (places[slices.end[places] > from_ns] for places in (wide, short))
    found = _in_order([_alone(slices, wide), _added_up(slices, short, bin_bits)])
    own = found.pop("own_ns")
    found["busy_frac"] = np.minimum(1, own / (1 << bin_bits))
    return {"line": np.full(len(own), line, np.int32), **found}


def coarse(slices: Slices, bin_bits: int) -> Slices:
    """The short slices of each colour added up per pixel, for boxes of pixels that are twice as wide or wider."""
    import numpy as np

    wide, short = _split(slices, 0, len(slices.start), bin_bits)
    colours = slices.colour[short]
    each = [short[colours == colour] for colour in np.flatnonzero(np.bincount(colours))]
    found = _in_order([_alone(slices, wide), *(_added_up(slices, one, bin_bits) for one in each)])
    return Slices(
        found["start_ns"],
        found["end_ns"],
        found["ref"],
        found["label_id"],
        slices.colour[: len(found["ref"])] if slices.has_one_colour else found["colour"],
        np.maximum.accumulate(found["end_ns"]),
        Sums(found["item_count"], found["own_ns"]),
    )


def _split(slices: Slices, first: int, last: int, bin_bits: int) -> tuple[NDArray[Any], ...]:
    """The places from `first` until `last` of the slices that are a pixel wide or more, and of the others."""
    import numpy as np

    is_wide = (slices.end[first:last] - slices.start[first:last]) >> bin_bits > 0
    return first + np.flatnonzero(is_wide), first + np.flatnonzero(~is_wide)


def _alone(slices: Slices, places: NDArray[Any]) -> Columns:
    """A box for each of these slices."""
    import numpy as np

    start, end = slices.start[places], slices.end[places]
    return {
        "start_ns": start,
        "end_ns": end,
        "ref": slices.ref[places],
        "label_id": slices.label[places],
        "item_count": np.ones(len(places), np.int64),
        "own_ns": end - start,
        "colour": slices.colour[places],
    }


def _added_up(slices: Slices, places: NDArray[Any], bin_bits: int) -> Columns:
    """One box for those of these slices that begin within a pixel."""
    import numpy as np

    if not len(places):
        return _alone(slices, places)
    start, end, colour = slices.start[places], slices.end[places], slices.colour[places]
    pixel = start >> bin_bits
    is_first = np.append(True, pixel[1:] != pixel[:-1])
    first = np.flatnonzero(is_first)
    own = slices.sums.own_ns[places] if slices.sums else end - start
    if slices.sums:
        count = np.add.reduceat(slices.sums.item_count[places], first)
    else:
        count = np.diff(first, append=len(places))
    most = colour[first]
    if not slices.has_one_colour:
        kinds = len(SLICE_COLOURS)
        of_colour = (np.cumsum(is_first) - 1) * kinds + colour
        by_colour = np.bincount(of_colour, weights=own, minlength=len(first) * kinds)
        most = by_colour.reshape(-1, kinds).argmax(axis=1).astype(np.uint8)
    return {
        "start_ns": start[first],
        "end_ns": np.maximum.reduceat(end, first),
        "ref": slices.ref[places[first]],
        "label_id": np.where(count == 1, slices.label[places[first]], np.int32(-1)),
        "item_count": count,
        "own_ns": np.add.reduceat(own, first),
        "colour": most,
    }


def _in_order(parts: Iterable[Columns]) -> Columns:
    """The rows of all parts in order of their starts."""
    import numpy as np

    found = joined(parts)
    order = np.argsort(found["start_ns"], kind="stable")
    return {name: column[order] for name, column in found.items()}


def joined(parts: Iterable[Columns]) -> Columns:
    """The rows of all parts, one after the other."""
    import numpy as np

    parts = [*parts]
    if not parts:
        return {"line": np.empty(0, np.int32)}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
