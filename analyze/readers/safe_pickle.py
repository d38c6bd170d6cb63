"""Read a pickle without executing anything: only data, never a class, a function or an import.

A pickle is a program, and loading one from a stranger can run any code. Numbers, texts, lists, tuples
and dictionaries need none: every operation that they don't need is refused. The unpickler is Python's own
in Python, because the faster one in C reserves as much memory as a damaged file asks for. Nothing in it
recurses; pickletools documents the operations.
"""

import io
import pickle
from collections.abc import Callable, Iterable
from typing import Any

# PyTorch's own snapshots reach gigabytes; a byte of a pickle takes up to a few dozen bytes of memory
MOST_BYTES = 2 << 30
MOST_VALUES = 32_000_000
_DEEPEST = 64
_AS_THEY_ARE = (
    *("PROTO", "FRAME", "STOP", "NONE", "NEWTRUE", "NEWFALSE", "INT", "LONG", "FLOAT", "BININT"),
    *("BININT1", "BININT2", "LONG1", "BINFLOAT", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
    *("EMPTY_TUPLE", "APPEND", "APPENDS", "GET", "BINGET", "LONG_BINGET"),
    # these two say what they would import
    *("GLOBAL", "STACK_GLOBAL"),
)
_MAKE = ("EMPTY_LIST", "EMPTY_DICT", "LIST", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
_KEEP = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE")


class UnsafePickleError(Exception):
    """The pickle holds more than plain data, or is damaged."""


class _Operations(dict[int, Any]):
    def __missing__(self, code: int) -> Any:
        raise UnsafePickleError(f"its operation {bytes([code])!r} isn't one of plain data")


class _PlainUnpickler(pickle._Unpickler):
    made = 0
    dispatch = _Operations()

    def find_class(self, module: str, name: str) -> Any:
        raise UnsafePickleError(f"it would import {' '.join(f'{module}.{name}'.split())[:200]}")


def loads(data: bytes) -> Any:
    """The plain data in the bytes of a pickle. Raises UnsafePickleError."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except UnsafePickleError:
        raise
    except Exception as error:
        # damaged bytes can raise nearly anything, such as KeyError or UnicodeDecodeError
        raise UnsafePickleError(f"it is damaged ({type(error).__name__})") from error


def _check_depth(unpickler: Any) -> None:
    if len(unpickler.metastack) >= _DEEPEST:
        raise UnsafePickleError(f"it is nested more than {_DEEPEST} levels deep")


def _check_made(unpickler: Any) -> None:
    unpickler.made += 1
    if unpickler.made > MOST_VALUES:
        raise UnsafePickleError(f"it holds more than {MOST_VALUES:,} lists and dictionaries")


def _check_kept(unpickler: Any) -> None:
    if len(unpickler.memo) >= MOST_VALUES:
        raise UnsafePickleError(f"it refers to more than {MOST_VALUES:,} values")


def _check_key(unpickler: Any) -> None:
    _check_keys(unpickler.stack[-2:-1])


def _check_items(unpickler: Any) -> None:
    _check_keys(unpickler.stack[::2])


def _check_dict(unpickler: Any) -> None:
    _check_made(unpickler)
    _check_items(unpickler)


def _check_keys(keys: Iterable[Any]) -> None:
    # hashing a tuple of tuples of tuples may take forever
    if not all(isinstance(key, str | int) for key in keys):
        raise UnsafePickleError("a key in it is neither a text nor a number")


def _allow(names: Iterable[str], check: Callable[[Any], None] | None = None) -> None:
    for name in names:
        code = getattr(pickle, name)[0]
        plain: Any = pickle._Unpickler.dispatch[code]
        _PlainUnpickler.dispatch[code] = _checked(check, plain) if check else plain


def _checked(check: Callable[[Any], None], plain: Callable[[Any], None]) -> Callable[[Any], None]:
    def handler(unpickler: Any) -> None:
        check(unpickler)
        plain(unpickler)

    return handler


_allow(_AS_THEY_ARE)
_allow(["MARK"], _check_depth)
_allow(_MAKE, _check_made)
_allow(_KEEP, _check_kept)
_allow(["SETITEM"], _check_key)
_allow(["SETITEMS"], _check_items)
_allow(["DICT"], _check_dict)
