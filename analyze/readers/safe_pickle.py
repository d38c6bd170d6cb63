"""Read a pickle without executing anything: only data, never a class, a function or an import.

A pickle is a program, and loading one from a stranger can run any code. Numbers, texts, lists, tuples,
sets and dictionaries need none: whatever asks for more is refused. The unpickler is Python's own in
Python, because the faster one in C reserves as much memory as a damaged file asks for.
"""

import io
import pickle
from typing import Any


class UnsafePickleError(Exception):
    """The pickle holds more than plain data, or is damaged."""


class _PlainUnpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise UnsafePickleError(f"it would import {module}.{name}")

    def persistent_load(self, _pid: Any) -> Any:
        raise UnsafePickleError("it refers to something outside the file")


def loads(data: bytes) -> Any:
    """The plain data in the bytes of a pickle. Raises UnsafePickleError."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except UnsafePickleError:
        raise
    except Exception as error:
        # damaged bytes can raise nearly anything, such as KeyError or UnicodeDecodeError
        raise UnsafePickleError(f"it is damaged ({type(error).__name__})") from error
