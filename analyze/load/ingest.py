"""Load trace files into a study: found, read in parallel, each one whole or not at all.

Every trace is built in a scratch database of its own beside the study and copied over in one
transaction, or becomes the study where it is the first, so that a killed or failed load leaves
nothing behind. The study is held open for writing meanwhile: a second writer is told so at once.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from genscope.analyze.load import build as scratch
from genscope.analyze.load import tables as database
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.analyze.study import create_if_missing, open_to_write
from genscope.errors import UserError

# the study's connection only copies; the scratch databases get their own limit
_COPY_MEMORY = "200MB"


@dataclass(frozen=True)
class IngestResult:
    """What became of one file: 'loaded', 'duplicate' of a trace already there, or 'failed'."""

    path: Path
    status: str
    name: str | None = None
    trace_id: int | None = None
    error: str | None = None
    event_count: int = 0
    seconds: float = 0.0


def ingest(
    study: str | Path,
    paths: Iterable[str | Path],
    *,
    python: bool = False,
    args: bool = False,
    jobs: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> list[IngestResult]:
    """Load files, run folders, folders of them and globs; one result a file, in their order.

    `python` loads Python frames too, `args` every event with all its arguments, `jobs` files are
    read at a time, `progress` is told the files done and in all. A file whose sha256 is in the
    study is not loaded again. Raises UserError, and writes nothing, if a path is wrong, the study
    can't be written, or the only file is no trace.
    """
    files = find(paths)
    keep = {name for name, wanted in (("python", python), ("args", args)) if wanted}
    study = Path(study)
    is_new = create_if_missing(study)
    inode = study.stat().st_ino
    results: list[IngestResult] = []
    con = open_to_write(study)
    try:
        with con:
            place = _Place(con, study, inode, is_new=is_new)
            results = _ingest_all(place, files, keep=keep, jobs=jobs, progress=progress)
    except (duckdb.Error, OSError) as error:
        raise UserError(
            f"{study}: could not be written ({str(error).splitlines()[0]}); expected room on the "
            "disk and a writable folder; nothing of these traces was kept"
        ) from error
    finally:
        if is_new and not any(result.status == "loaded" for result in results):
            study.unlink(missing_ok=True)
    if len(results) == 1 and results[0].status == "failed":
        raise UserError(results[0].error)
    return results


@dataclass(frozen=True)
class _Place:
    """The study as this load has it open; `is_new` tells that this load has made it."""

    con: duckdb.DuckDBPyConnection
    study: Path
    inode: int
    is_new: bool

    def put(self, built: Path, *, alone: bool) -> None:
        """Copy a finished scratch database into the study; `alone` in a new one, it becomes it."""
        if not self.study.exists() or self.study.stat().st_ino != self.inode:
            raise UserError(
                f"{self.study}: found that another load has put its own study there meanwhile; "
                "expected one load at a time; load it again"
            )
        if self.is_new and alone:
            self.con.close()
            built.replace(self.study)
        else:
            database.copy_into(self.con, built)


def _ingest_all(
    place: _Place,
    files: Sequence[TraceFile],
    *,
    keep: Collection[str],
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> list[IngestResult]:
    place.con.execute(f"SET memory_limit = '{_COPY_MEMORY}'")
    folder = _new_scratch(place.study)
    start = time.perf_counter()
    results: dict[int, IngestResult] = {}
    try:
        waiting = dict(_new_files(place.con, files, results))
        is_empty = not place.con.table("trace").limit(1).fetchall()
        put = partial(place.put, alone=is_empty and len(waiting) == 1)
        threads = 2 if len(waiting) == 1 or jobs == 1 else 1
        with ThreadPoolExecutor(jobs, thread_name_prefix="trace") as pool:
            futures = {
                pool.submit(scratch.build, found, folder / str(i), keep=keep, threads=threads): i
                for i, found in waiting.items()
            }
            for future in _finished(futures, len(files), progress):
                i = futures[future]
                placed = _placed(waiting[i], future, put)
                results[i] = replace(placed, seconds=time.perf_counter() - start)
                shutil.rmtree(folder / str(i), ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [results[i] for i in range(len(files))]


def _finished(
    futures: Iterable[Future[scratch.Built]],
    total: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[Future[scratch.Built]]:
    waiting = list(futures)
    for done, future in enumerate(as_completed(waiting), start=total - len(waiting) + 1):
        yield future
        if progress:
            progress(done, total)


def _placed(
    found: TraceFile,
    built: Future[scratch.Built],
    put: Callable[[Path], None],
) -> IngestResult:
    """Put a finished scratch database into the study; any failure concerns this file alone."""
    result = IngestResult(found.path, "failed", found.name)
    try:
        trace = built.result()
        put(trace.path)
    except UserError as error:
        return replace(result, error=str(error))
    except (duckdb.Error, OSError) as error:
        first_line = str(error).strip().splitlines()[0]
        return replace(
            result,
            error=f"{found.path}: could not be loaded ({first_line}); expected room on the disk and "
            "a readable file; check both and load it again",
        )
    return replace(result, status="loaded", trace_id=found.trace_id, event_count=trace.event_count)


def _new_files(
    con: duckdb.DuckDBPyConnection, files: Sequence[TraceFile], results: dict[int, IngestResult]
) -> Iterator[tuple[int, TraceFile]]:
    """Files that the study lacks, numbered and named apart; the others go into `results`."""
    traces = con.table("trace").project("sha256, name, trace_id, size_bytes").fetchall()
    known = {row[0]: row[1] for row in traces}
    names = {row[1] for row in traces}
    last = max((row[2] for row in traces), default=0)
    sizes = Counter(row[3] for row in traces)
    sizes.update(filter(None, map(_size, files)))
    for i, found in enumerate(files):
        try:
            # of one size alone it can't be a duplicate: its digest is taken while it is read
            digest = found.digest() if sizes[found.size_bytes()] > 1 else ""
        except OSError as error:
            results[i] = IngestResult(found.path, "failed", error=f"{found.path}: {error.strerror}")
            continue
        if digest in known:
            results[i] = IngestResult(found.path, "duplicate", known[digest])
            continue
        last += 1
        name = _apart(found.name, names)
        known |= {digest: name} if digest else {}
        names.add(name)
        yield i, replace(found, name=name, sha256=digest, trace_id=last)


def _size(found: TraceFile) -> int | None:
    try:
        return found.size_bytes()
    except OSError:
        return None


def _apart(name: str, taken: set[str]) -> str:
    """The name itself, or with the first number that tells it apart: ranks never overwrite."""
    number, wanted = 1, name
    while wanted in taken:
        number += 1
        wanted = f"{name}-{number}"
    return wanted


def _new_scratch(study: Path) -> Path:
    """A folder beside the study; those of killed loads go, as their writers can't be alive."""
    import os

    for stale in study.parent.glob(f"{study.name}.ingest-*"):
        shutil.rmtree(stale, ignore_errors=True)
    folder = study.parent / f"{study.name}.ingest-{os.getpid()}"
    folder.mkdir()
    return folder
