"""Values that are made once, for the first thread that asks."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar

_Value = TypeVar("_Value")


def _any(_: object) -> bool:
    return True


class Once:
    """What was made, by name; while one thread makes a value, others that ask for it wait."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._making: dict[str, RLock] = {}

    def get(
        self, name: str, make: Callable[[], _Value], is_enough: Callable[[_Value], bool] = _any
    ) -> _Value:
        """The value, which is made if there is none yet, or none that is enough."""
        with self._making.setdefault(name, RLock()):
            if name not in self._found or not is_enough(self._found[name]):
                self._found[name] = make()
            found: _Value = self._found[name]
            return found

    def put(self, name: str, value: object) -> None:
        """Take a value that was made elsewhere."""
        self._found[name] = value
