"""Which forward operator a backward one belongs to: autograd's sequence numbers, as Kineto writes them.

A node of the graph takes the next number just before its operator runs, and a backward operator runs inside its node. Adding up
a gradient has no number: it runs at once after the node that made the gradient, and gets that node's.
"""

from __future__ import annotations

import torch

# what autograd gives to nodes that add up a gradient
_NO_NUMBER = 2**63


class Graph:
    """The numbers of the operators that are being recorded."""

    def __init__(self) -> None:
        self._taken = torch.autograd._get_sequence_nr()  # type: ignore[attr-defined]
        self._last: int | None = None

    def link(self) -> tuple[int | None, bool]:
        """The number of the operator that runs now, None if it has none, and whether it is a backward one."""
        node = torch._C._current_autograd_node()
        if node is None:
            taken = torch.autograd._get_sequence_nr()
            took, self._taken = taken > self._taken, taken
            return (taken - 1 if took else None), False
        number = node._sequence_nr()
        if number < _NO_NUMBER:
            self._last = number
        return self._last, True
