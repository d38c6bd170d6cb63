"""Read a pickle that holds plain values only: numbers, texts, lists, tuples and dictionaries.

Python's own unpickler runs whatever a file names. Here the operations that name, call or build an object
don't exist, so a hostile file can only be refused: for such an operation, for its size, or for keys that
aren't texts. Nothing recurses, so nesting can't overflow the stack. The operations are those of
pickletools, which documents them.
"""

from __future__ import annotations

import pickletools
import re
import struct
from collections.abc import Callable
from typing import Any

# PyTorch's own snapshots reach gigabytes; a byte of a pickle takes up to a few dozen bytes of memory
MOST_BYTES = 2 << 30
MOST_CONTAINERS = 32_000_000
_DEEPEST = 64
_STOP = ord(".")
_LONG_BINGETS = re.compile(rb"(?:j.{4})+", re.DOTALL)
_unsigned = struct.Struct("<I").unpack_from
_NAMES = {ord(op.code): op.name for op in pickletools.opcodes}


class NotPlainError(Exception):
    """The pickle holds something other than plain values, or breaks off; the text says what and where."""


def plain_value(data: bytes) -> Any:
    """The value of a pickle. Raises NotPlainError."""
    machine = _Machine(data)
    at = 0
    try:
        while data[at] != _STOP:
            at = machine.operations[data[at]](at + 1)
        return machine.stack[-1]
    except NotPlainError:
        raise
    except IndexError as error:
        why = "it breaks off" if at >= len(data) - 9 else "an operation lacks its values"
        raise NotPlainError(f"{why} at byte {min(at, len(data)):,}") from error
    except (AttributeError, KeyError, TypeError, ValueError, struct.error) as error:
        raise NotPlainError(f"the operation at byte {at:,} doesn't fit its values") from error


class _Machine:
    """The stack of a pickle's operations; each takes the place after its code and returns the next place."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._left = MOST_CONTAINERS
        table: dict[str, Callable[[int], int]] = {
            "PROTO": lambda at: at + 1,
            "FRAME": lambda at: at + 8,
            "NONE": lambda at: self._push(None, at),
            "NEWTRUE": lambda at: self._push(True, at),
            "NEWFALSE": lambda at: self._push(False, at),
            "BININT": lambda at: self._push(struct.unpack_from("<i", data, at)[0], at + 4),
            "BININT1": lambda at: self._push(data[at], at + 1),
            "BININT2": lambda at: self._push(data[at] | data[at + 1] << 8, at + 2),
            "BINFLOAT": lambda at: self._push(struct.unpack_from(">d", data, at)[0], at + 8),
            "LONG1": self._long,
            "SHORT_BINUNICODE": lambda at: self._text(at + 1, data[at]),
            "BINUNICODE": lambda at: self._text(at + 4, _unsigned(data, at)[0]),
            "EMPTY_LIST": lambda at: self._container([], at),
            "EMPTY_DICT": lambda at: self._container({}, at),
            "EMPTY_TUPLE": lambda at: self._push((), at),
            "MARK": self._mark,
            "APPEND": self._append,
            "APPENDS": self._appends,
            "SETITEM": self._set_item,
            "SETITEMS": self._set_items,
            "TUPLE": lambda at: self._container(tuple(self._marked()), at),
            "TUPLE1": lambda at: self._tuple(1, at),
            "TUPLE2": lambda at: self._tuple(2, at),
            "TUPLE3": lambda at: self._tuple(3, at),
            "MEMOIZE": lambda at: self._keep(len(self._memo), at),
            "BINPUT": lambda at: self._keep(data[at], at + 1),
            "LONG_BINPUT": lambda at: self._keep(_unsigned(data, at)[0], at + 4),
            "BINGET": self._get,
            "LONG_BINGET": self._long_get,
        }
        self.operations = [
            table.get(_NAMES.get(code, "")) or self._refusal(code) for code in range(256)
        ]

    def _refusal(self, code: int) -> Callable[[int], int]:
        def refuse(at: int) -> int:
            name = _NAMES.get(code, f"{code:#x}")
            raise NotPlainError(
                f"the operation {name} at byte {at - 1:,} isn't one of plain values"
            )

        return refuse

    def _push(self, value: Any, at: int) -> int:
        self.stack.append(value)
        return at

    def _container(self, value: Any, at: int) -> int:
        self._left -= 1
        if self._left < 0:
            raise NotPlainError(f"it holds more than {MOST_CONTAINERS:,} lists and dictionaries")
        self.stack.append(value)
        return at

    def _long(self, at: int) -> int:
        end = at + 1 + self.data[at]
        return self._push(int.from_bytes(self._bytes(at + 1, end), "little", signed=True), end)

    def _text(self, at: int, size: int) -> int:
        # half a character may be in a file's name, as surrogatepass writes it
        text = self._bytes(at, at + size).decode("utf-8", "surrogatepass")
        return self._push(text.encode("utf-8", "replace").decode(), at + size)

    def _bytes(self, at: int, end: int) -> bytes:
        if end > len(self.data):
            raise NotPlainError(f"it breaks off at byte {len(self.data):,}")
        return self.data[at:end]

    def _mark(self, at: int) -> int:
        if len(self._outer) == _DEEPEST:
            raise NotPlainError(f"it is nested more than {_DEEPEST} levels deep")
        self._outer.append(self.stack)
        self.stack = []
        return at

    def _marked(self) -> list[Any]:
        items, self.stack = self.stack, self._outer.pop()
        return items

    def _append(self, at: int) -> int:
        item = self.stack.pop()
        self.stack[-1].append(item)
        return at

    def _appends(self, at: int) -> int:
        items = self._marked()
        self.stack[-1].extend(items)
        return at

    def _set_item(self, at: int) -> int:
        value, key = self.stack.pop(), self.stack.pop()
        return self._set([key], [value], at)

    def _set_items(self, at: int) -> int:
        items = self._marked()
        return self._set(items[::2], items[1::2], at)

    def _set(self, keys: list[Any], values: list[Any], at: int) -> int:
        # hashing a tuple of tuples of tuples may take forever
        if not all(isinstance(key, str) for key in keys):
            raise NotPlainError(f"a key before byte {at:,} isn't a text")
        self.stack[-1].update(zip(keys, values, strict=True))
        return at

    def _tuple(self, size: int, at: int) -> int:
        if len(self.stack) < size:
            raise IndexError
        items = tuple(self.stack[-size:])
        del self.stack[-size:]
        return self._container(items, at)

    def _keep(self, number: int, at: int) -> int:
        if len(self._memo) == MOST_CONTAINERS:
            raise NotPlainError(f"it refers to more than {MOST_CONTAINERS:,} values")
        self._memo[number] = self.stack[-1]
        return at

    def _get(self, at: int) -> int:
        self.stack.append(self._memo[self.data[at]])
        return at + 1

    def _long_get(self, at: int) -> int:
        # most of a snapshot is stacks, each of them a run of this one operation
        run = _LONG_BINGETS.match(self.data, at - 1)
        if run is None:
            raise IndexError
        memo = self._memo
        self.stack.extend([memo[number] for (number,) in struct.iter_unpack("<xI", run[0])])
        return run.end()
