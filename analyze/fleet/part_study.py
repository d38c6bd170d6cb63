"""A part of a lake as a study that can show some of its traces only."""

from __future__ import annotations

from collections.abc import Iterable

from genscope.analyze import chosen, refusal
from genscope.analyze.load.attached import Shown
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
            self._show(Shown(wanted))
        self._shown = wanted

    def show_as(self, trace_id: int, number: int, name: str) -> None:
        """Answer from one trace, as if it were the only one and had this number and name."""
        self._show(Shown(frozenset([trace_id]), number, name))
        # the next choice has to be made, whatever it is
        self._shown = frozenset()

    def _show(self, shown: Shown) -> None:
        self._opened  # noqa: B018  what is shown belongs to the connection
        self._ask(lambda con: self._created.show(con, shown))
        self._names, self._refused = self._ask(chosen.names), self._ask(refusal.refused)
        self._created.refuse(self._refused)
        self._known = {}
