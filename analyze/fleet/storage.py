"""Where a fleet's files are: a folder, or whatever storage fsspec knows, such as s3://bucket/lake."""

from __future__ import annotations

from functools import wraps
from typing import Any

from genscope.errors import UserError


def located(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises UserError if no package knows the address. The file system raises OSError and UserError only.
    """
    from fsspec.core import url_to_fs

    try:
        fs, path = url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UserError(f"{address}: {error}; install the package, or use a folder") from error
    return (fs if is_local(fs) else _Storage(fs, address)), str(path)


def is_local(fs: Any) -> bool:
    """Whether the file system is this machine's own."""
    return "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)


class _Storage:
    """A file system whose package has exceptions of its own, such as for missing credentials."""

    def __init__(self, fs: Any, address: str) -> None:
        self._fs, self._address = fs, address

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._fs, name)
        if not callable(found):
            return found

        @wraps(found)
        def plain(*args: Any, **named: Any) -> Any:
            try:
                return found(*args, **named)
            except OSError:
                raise
            except Exception as error:
                why = " ".join(str(error).split()).rstrip(".") or type(error).__name__
                raise UserError(
                    f"{self._address}: the storage can't be used ({why}); check the address and your "
                    "credentials"
                ) from error

        return plain
