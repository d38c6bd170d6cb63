"""Write a file whole or not at all: write it next to its final place, then rename it.

After a full disk, a kill or an error, the earlier file is as it was.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genscope.errors import UserError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write `content` to `path`, text as UTF-8. Raises UserError, in one line, if it can't."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with whole_file(path) as part:
        part.write_bytes(data)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which replaces `path` if the block succeeds.

    A pipe or a device, such as /dev/stdout, is written directly. Raises UserError if `path` can't be
    a file, or if writing fails.
    """
    check_writable(path)
    # resolve links, so that a link keeps pointing to the new file
    target = path.resolve()
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        with _one_line(path):
            yield target
        return
    part = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        with _one_line(path):
            yield part
            if mode is not None:
                part.chmod(stat.S_IMODE(mode))
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Raise UserError if `path` is a folder, its folder is missing, or it is write-protected."""
    with _one_line(path):
        if path.is_dir():
            raise UserError(f"{path} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise UserError(f"{path}: the folder {path.parent} doesn't exist; create it first")
        if path.exists() and not os.access(path, os.W_OK):
            raise UserError(f"{path} is write-protected; name another file")


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror or error}); name another file"
        ) from error
