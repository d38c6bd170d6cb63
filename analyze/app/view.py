"""From paths to a study to look at: traces that aren't loaded yet go to a study in the user's cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from genscope.analyze.load import empty_cache
from genscope.analyze.load.tables import tables_sha256
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.errors import UserError

_DUCKDB_MAGIC = b"DUCK"
_MAX_STUDIES = 20


def study_of(paths: Sequence[Path], load: Callable[[Path, Sequence[Path]], int]) -> Path:
    """The study itself if `paths` is one, else a study of exactly these traces, loaded if need be.

    `load` fills a study from paths and returns 0 if all could be loaded. The study in the cache is
    named after the files' digests, so the second time there is nothing to load. Raises UserError if
    nothing can be loaded.
    """
    if len(paths) == 1 and is_study(paths[0]):
        return paths[0]
    if any(is_study(path) for path in paths):
        raise UserError("a study can't be viewed together with other files; name the study alone")
    known = [tables_sha256(), *sorted(_identity(trace) for trace in find(paths))]
    key = hashlib.sha256("\n".join(known).encode()).hexdigest()
    study = empty_cache.folder() / "view" / f"{key[:32]}.duckdb"
    if study.is_file():
        study.touch()
        return study
    study.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_room(study.parent)
    part = study.with_suffix(".part.duckdb")
    part.unlink(missing_ok=True)
    if load(part, paths) == 0:
        part.replace(study)
        return study
    # what could be loaded is shown, but not kept, since a file may be repaired
    return part


def _identity(trace: TraceFile) -> str:
    """The trace's bytes, its manifest, and its path, which the pages show."""
    return f"{trace.hashed()} {json.dumps(trace.manifest, sort_keys=True)} {trace.path.absolute()}"


def _make_room(folder: Path) -> None:
    """Remove the studies that were not looked at for longest."""
    kept = sorted(folder.glob("*.duckdb"), key=lambda file: -file.stat().st_mtime)
    for old in kept[_MAX_STUDIES - 1 :]:
        old.unlink(missing_ok=True)


def is_study(path: Path) -> bool:
    """Whether a file is a DuckDB database."""
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == _DUCKDB_MAGIC
    except OSError:
        return False
