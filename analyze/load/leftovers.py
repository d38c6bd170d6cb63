"""Remove files that killed processes left next to a study."""

from __future__ import annotations

import glob
import re
import shutil
from contextlib import suppress
from pathlib import Path

# DuckDB's names for its write-ahead log and its spill folder
_AHEAD = (".wal", ".wal.checkpoint", ".wal.recovery")
_SPILL = ".tmp"
_SPILLED = "duckdb_temp_*"


def remove_leftovers(study: Path) -> None:
    """Remove scratch folders, half-written studies and spilled blocks of processes that are gone.

    The caller must hold the study's lock, which shows that no other load is alive. Files that can't
    be removed stay for the next load.
    """
    name = glob.escape(study.name)
    for folder in study.parent.glob(f"{name}.ingest-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for part in study.parent.glob(f"{name}.*.part"):
        if re.fullmatch(r"\.\d+\.part", part.name.removeprefix(study.name)):
            with suppress(OSError):
                part.unlink()
    spill = study.with_name(study.name + _SPILL)
    with suppress(OSError):
        for block in spill.glob(_SPILLED):
            block.unlink()
        # fails if the folder isn't empty, so it isn't DuckDB's
        spill.rmdir()


def remove_log(study: Path) -> None:
    """Remove the log of a study that is gone: DuckDB would replay it into the next study."""
    for ending in _AHEAD:
        study.with_name(study.name + ending).unlink(missing_ok=True)
