"""Where a run is written: a run folder is either complete or absent."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genscope.capture import manifest
from genscope.errors import CaptureError


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run, and whether it holds a finished run with the same settings."""

    path: Path
    finished: bool


def find_folder(out: Path, stem: str, asked: dict[str, Any]) -> RunFolder:
    """The first of `stem`, `stem-2`, `stem-3`... that is free or holds a finished run with the same settings."""
    number = 1
    wanted = json.loads(json.dumps(asked))
    while True:
        folder = out / (stem if number == 1 else f"{stem}-{number}")
        if not folder.exists():
            return RunFolder(folder, finished=False)
        with contextlib.suppress(CaptureError):
            if manifest.read(folder).asked == wanted:
                return RunFolder(folder, finished=True)
        number += 1


def free(out: Path, stem: str) -> Path:
    """The first of `stem`, `stem-2`, `stem-3`... that doesn't exist yet."""
    numbers = itertools.count(2)
    folder = out / stem
    while folder.exists():
        folder = out / f"{stem}-{next(numbers)}"
    return folder


def stem_of(*parts: str) -> str:
    """The folder's name: parts joined by '-', in which no part holds a '-' of its own."""
    return "-".join(re.sub(r"[^a-z0-9.]+", "_", part.lower()).strip("_") for part in parts)


@contextlib.contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A hidden sibling to write into: renamed into place if the block succeeds, removed if it fails.

    It first removes the remains of killed processes.
    """
    with _explained(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{folder.name}.partial-*"):
        if not _alive(int(left.name.rpartition("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    partial = folder.parent / f".{folder.name}.partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    with _explained(folder.parent):
        partial.mkdir()
    try:
        yield partial
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _explained(out: Path) -> Iterator[None]:
    """Turn a folder that can't be made into an error that names it."""
    try:
        yield
    except OSError as error:
        raise CaptureError(
            f"{out} can't hold a run folder ({error.strerror}); choose another folder to write to."
        ) from error


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
