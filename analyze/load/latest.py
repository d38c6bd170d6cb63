"""The last row of a group that began at or before a moment, as an ASOF join finds it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.covered import Times
from genscope.analyze.load.numbered import distinct

_Groups: TypeAlias = NDArray[np.integer[Any]]


class Latest:
    """Rows with the number of their group and their start in ns."""

    def __init__(self, group: _Groups, start: Times) -> None:
        self._starts = distinct(start)
        # a number for group and moment in one, whatever the times are
        keys = self._keys(group, start)
        self._order = np.argsort(keys, kind="stable")
        self._sorted, self._group = keys[self._order], group

    def of(self, group: _Groups, moment: Times) -> NDArray[np.int64]:
        """The places of the rows, int64[len(group)]; -1 for none."""
        if not len(self._order):
            return np.full(len(group), -1)
        last = np.searchsorted(self._sorted, self._keys(group, moment), side="right") - 1
        found = self._order[np.maximum(last, 0)]
        return np.where((last >= 0) & (self._group[found] == group), found, -1)

    def _keys(self, group: _Groups, moment: Times) -> NDArray[np.int64]:
        rank = np.searchsorted(self._starts, moment, side="right")
        return group * np.int64(len(self._starts) + 1) + rank
