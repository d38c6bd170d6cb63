"""Keep the file of an empty study in the user's cache folder, because creating one takes over a second.

A file is used only if it is whole, belongs to this user and nobody else may write to it. Where nothing
can be kept, the study is created each time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

_DIGEST_BYTES = hashlib.sha256().digest_size
# two for each version of genscope and DuckDB in use
_MAX_FILES = 8


def read(key: str) -> bytes | None:
    """Return the content kept under `key`, or None if it is missing, damaged or not this user's."""
    try:
        # never follow a link: somebody else could have put it there
        number = os.open(_path(key), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(number, "rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            digest, content = file.read(_DIGEST_BYTES), file.read()
    except (OSError, RuntimeError):
        return None
    return content if hashlib.sha256(content).digest() == digest else None


def write(key: str, content: bytes) -> None:
    """Keep `content` under `key`, atomically, and remove the oldest other files."""
    try:
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
    except (OSError, RuntimeError):
        return
    try:
        part.write_bytes(hashlib.sha256(content).digest() + content)
        part.replace(path)
        others = sorted(path.parent.glob("empty-*"), key=lambda file: -file.stat().st_mtime)
        for old in others[_MAX_FILES:]:
            old.unlink(missing_ok=True)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _path(key: str) -> Path:
    name = f"empty-{hashlib.sha256(key.encode()).hexdigest()[:32]}.duckdb"
    return folder() / name


def folder() -> Path:
    """The user's cache folder. Raises RuntimeError if the user has no home."""
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        return Path(chosen) / "genscope"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "genscope" / "cache"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "genscope"


def _is_ours(found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    if sys.platform == "win32":
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
