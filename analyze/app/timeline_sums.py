"""The device work within a range of time: a question about a part of a timeline is a question about sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genscope.analyze.app.timeline_slices import Work

# lanes of queries/app/timeline_value.sql; kernels are added up too
LEVELS = {"category", "module", "component", "operator"}


def sums_of(
    work: Work, values: Mapping[str, NDArray[np.int32]], names: list[str], bounds: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    """One row per level (one of LEVELS, or 'kernel') and name, the largest of a level first.

    `work_count` are the work items that overlap the range between the bounds (ns from the trace's base), `work_ns`
    their time within it, where concurrent work counts twice, and `work_frac` is 0..1 of the level's. `values` has
    the label of each work item at each level, -1 for none, and `names` has what labels stand for.
    """
    import numpy as np

    first, last = bounds
    inside = (work.start < last) & (work.end > first)
    part = np.minimum(work.end[inside], last) - np.maximum(work.start[inside], first)
    for level, label in sorted({**values, "kernel": work.label}.items()):
        # -1 is counted at 0, and left out
        place = label[inside] + 1
        counts = np.bincount(place, minlength=len(names) + 1)[1:]
        # exact: ns of a hundred days fit into a double
        sums = np.bincount(place, weights=part, minlength=len(names) + 1)[1:]
        total = sums.sum()
        found = np.flatnonzero(counts).tolist()
        for one in sorted(found, key=lambda one: (-sums[one], names[one])):
            yield {
                "level": level,
                "name": names[one],
                "work_count": int(counts[one]),
                "work_ns": int(sums[one]),
                "work_frac": float(sums[one] / total) if total else None,
            }
