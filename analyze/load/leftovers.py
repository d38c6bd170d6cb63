"""Remove what killed processes left beside a study."""

from __future__ import annotations

import glob
import re
import shutil
from contextlib import suppress
from pathlib import Path

# DuckDB's own names: what it writes ahead, and where it spills
_AHEAD = (".wal", ".wal.checkpoint", ".wal.recovery")
_SPILL = ".tmp"
_SPILLED = "duckdb_temp_*"


def remove_leftovers(study: Path) -> None:
    """Remove scratch folders, half-written studies and spilled blocks of processes that are gone.

    Call it as the only one who has the study open: its lock shows that no load is alive. What can't
    be removed stays for the next load.
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
        # a folder of somebody else's that has that name isn't empty
        spill.rmdir()


def remove_log(study: Path) -> None:
    """Remove the log of a study that is gone: DuckDB would write its rows into the next one."""
    for ending in _AHEAD:
        study.with_name(study.name + ending).unlink(missing_ok=True)
