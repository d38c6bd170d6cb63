"""Give a finished file a free name, but never replace a file that another process has created."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_taken(path: Path) -> bool:
    """Whether the name is taken by anything but an empty file, which a killed load may have left."""
    try:
        found = path.stat()
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0


def put_new(part: Path, path: Path) -> bool:
    """Give the finished file `part` the name `path`, atomically; false if the name is taken.

    `part` may stay, and the caller removes it. Raises OSError if the folder can't be written.
    """
    if path.exists():
        return _put_over_empty(part, path)
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:
        return _put_without_link(part, path)
    return True


def _put_without_link(part: Path, path: Path) -> bool:
    """The same without hard links: exFAT, SMB and some container mounts have none."""
    try:
        # an empty file reserves the name until the whole file replaces it
        path.open("xb").close()
    except FileExistsError:
        return False
    try:
        return _put_over_empty(part, path)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _put_over_empty(part: Path, path: Path) -> bool:
    if is_taken(path):
        return False
    part.replace(path)
    return True
