"""A part of a lake as a study that can show some of its traces only."""

from __future__ import annotations

from collections.abc import Iterable

from genscope.analyze import chosen, refusal
from genscope.analyze.load import attached
from genscope.analyze.study import Study


class PartStudy(Study):
    """A study whose queries and statements see the traces that were chosen last, at first all of them."""

    _shown: frozenset[int] | None = None

    def __enter__(self) -> PartStudy:
        return self

    def show_only(self, trace_ids: Iterable[int]) -> None:
        """Answer from these traces, as if there were no others."""
        wanted = frozenset(trace_ids)
        if wanted != (frozenset(self.names()) if self._shown is None else self._shown):
            attached.show_only(self._opened, wanted)
            self._look_again()
        self._shown = wanted

    def show_as(self, trace_id: int, number: int, name: str) -> None:
        """Answer from one trace, as if it were the only one and had this number and name."""
        attached.show_as(self._opened, trace_id, number, name)
        self._look_again()
        # the next choice has to be made, whatever it is
        self._shown = frozenset()

    def _look_again(self) -> None:
        before = self._refused
        self._names, self._refused = self._ask(chosen.names), self._ask(refusal.refused)
        self._known = {}
        if before or self._refused:
            # a metric's statement lists the refused traces
            self._created = set()
