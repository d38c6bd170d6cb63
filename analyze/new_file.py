"""Put a whole file under a name that is free, but never over one that another process has made."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def is_taken(path: Path) -> bool:
    """Whether anything but an empty file has that name. An empty one is what a killed load left."""
    try:
        found = path.stat()
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0


def put_new(part: Path, path: Path) -> bool:
    """Give the finished file `part` the name `path`, all at once; false if the name is taken.

    `part` may stay, for the caller to remove. Raises OSError where nothing can be written.
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
    """The same on exFAT, SMB and those mounts of containers that have no hard links."""
    try:
        # an empty file keeps the name until the whole one takes its place
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
