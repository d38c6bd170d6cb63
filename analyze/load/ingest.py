"""Load trace files into a study: find them, read them in parallel, add each one whole or not at all.

Each trace is built in a scratch database next to the study and copied over in one transaction (a single
trace becomes the study itself), so a killed or failed load leaves nothing behind. The study stays open
for writing, so a second writer gets an error at once.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import duckdb

from genscope.analyze.connect import first_line
from genscope.analyze.load import tables
from genscope.analyze.load.leftovers import remove_leftovers
from genscope.analyze.load.small_traces import BuiltGroup, block_size_for, build_group, groups
from genscope.analyze.load.study_file import create_if_missing, open_to_write
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.analyze.load.user_data import empty_copy
from genscope.analyze.readers import begin_to_import
from genscope.errors import UserError

# the study's connection only copies rows; the scratch databases have their own limit
_COPY_MEMORY = "200MB"
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_DISK_TEXTS = ("no space left", "file too large", "quota exceeded", "max_temp_directory_size")


@dataclass(frozen=True)
class IngestResult:
    """The outcome for one file: 'loaded', 'duplicate' of a trace in the study, or 'failed'.

    `complete` is false if the file is cut short; `seconds` is the time spent on this file; `error` is
    one line that begins with a path.
    """

    path: Path
    status: str
    name: str | None = None
    trace_id: int | None = None
    error: str | None = None
    event_count: int = 0
    complete: bool = True
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
    """Load files, run folders, folders of them and globs; return one result per file, in order.

    `python` also loads Python frames, `args` all arguments of every event. `jobs` files are read at
    a time; `progress` gets the number of files done and the total. A file whose digest is in the
    study is not loaded again. A file that can't be loaded does not stop the others. Raises
    UserError, and writes nothing, if a path is wrong, the study can't be written, or the only file
    is not a trace.
    """
    if jobs < 1:
        raise UserError(f"the number of jobs is {jobs}, but it must be at least 1")
    files = find(paths)
    keep = {name for name, wanted in (("python", python), ("args", args)) if wanted}
    study = Path(study)
    block_bytes = block_size_for(files)
    is_new = create_if_missing(study, block_bytes)
    # from here on DuckDB works for a while, and Python has time to import
    begin_to_import({found.format for found in files})
    inode = study.stat().st_ino
    results: list[IngestResult] = []
    con = open_to_write(study, is_new=is_new)
    try:
        with con:
            opened = OpenStudy(con, study, inode, block_bytes, is_new=is_new)
            results = _ingest_all(opened, files, keep=keep, jobs=jobs, progress=progress)
    except (duckdb.Error, OSError) as error:
        raise UserError(
            f"{study}: the study can't be written, so none of these traces was kept: {_cause(error)}"
        ) from error
    finally:
        if is_new and not any(result.status == "loaded" for result in results):
            study.unlink(missing_ok=True)
    if len(results) == 1 and results[0].status == "failed":
        raise UserError(results[0].error)
    return results


@dataclass(frozen=True)
class OpenStudy:
    """The study that this load has open; `is_new` says that this load created it.

    `block_bytes` is the size of blocks that suits the files of this load.
    """

    con: duckdb.DuckDBPyConnection
    path: Path
    inode: int
    block_bytes: int
    is_new: bool

    def put(self, built: Path, *, alone: bool) -> None:
        """Copy a finished scratch database into the study, or make it the study if it is `alone`."""
        if not self.path.exists() or self.path.stat().st_ino != self.inode:
            raise UserError(
                f"{self.path}: another load replaced this study meanwhile; load this trace again, "
                "one load at a time"
            )
        if self.is_new and alone:
            self.con.close()
            built.replace(self.path)
        else:
            tables.copy_into(self.con, built)


def _ingest_all(
    opened: OpenStudy,
    files: Sequence[TraceFile],
    *,
    keep: Collection[str],
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> list[IngestResult]:
    remove_leftovers(opened.path)
    folder = opened.path.parent / f"{opened.path.name}.ingest-{os.getpid()}"
    folder.mkdir()
    # DuckDB would spill next to the study, where a killed load would leave the files
    opened.con.execute(f"SET temp_directory = '{tables.quoted(folder / 'spill')}'")
    opened.con.execute(f"SET memory_limit = '{_COPY_MEMORY}'")
    try:
        results, waiting, copies = _sort_out(opened.con, files)
        is_empty = not opened.con.table("trace").limit(1).fetchall()
        empty = empty_copy(opened.con, folder, opened.block_bytes)
        parts = list(groups(waiting, jobs=jobs))
        threads = 2 if len(parts) == 1 or jobs == 1 else 1
        build = partial(build_group, keep=keep, threads=threads, empty=empty)
        done = len(files) - len(waiting)
        for groups_built in _finished(build, parts, folder, jobs):
            put = partial(opened.put, alone=is_empty and len(parts) == len(groups_built) == 1)
            for built in groups_built:
                for i, result in _placed(waiting, built, put):
                    results[i] = result
                    done += 1
                    if progress:
                        progress(done, len(files))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results |= {i: _of_copy(files[i], results[first]) for i, first in copies.items()}
    return [results[i] for i in range(len(files))]


def _finished(
    build: Callable[[Mapping[int, TraceFile], Path], list[BuiltGroup]],
    parts: Sequence[Mapping[int, TraceFile]],
    folder: Path,
    jobs: int,
) -> Iterator[list[BuiltGroup]]:
    """Build each part in its own folder, `jobs` at a time; remove the folder once it was used."""
    with ThreadPoolExecutor(jobs, thread_name_prefix="trace") as pool:
        futures: dict[Future[list[BuiltGroup]], Path] = {}
        try:
            for i, part in enumerate(parts):
                futures[pool.submit(build, part, folder / str(i))] = folder / str(i)
            for future in as_completed(futures):
                yield future.result()
                shutil.rmtree(futures[future], ignore_errors=True)
        finally:
            # an interrupt waits for the builds that have begun, not for the whole batch
            pool.shutdown(wait=False, cancel_futures=True)


def _placed(
    files: Mapping[int, TraceFile], built: BuiltGroup, put: Callable[[Path], None]
) -> Iterator[tuple[int, IngestResult]]:
    """Put a finished scratch database into the study; a failure affects its files only."""
    start = time.perf_counter()
    sound = [outcome for outcome in built.outcomes if outcome.error is None]
    lost: Exception | None = None
    try:
        if sound:
            put(built.path)
    except Exception as error:
        lost = error
    share = (time.perf_counter() - start) / max(1, len(sound))
    for outcome in built.outcomes:
        found = files[outcome.number]
        result = IngestResult(found.path, "failed", found.name)
        if why := outcome.error or lost:
            result = replace(result, error=_failure(found.path, why), seconds=outcome.seconds)
        else:
            result = replace(
                result,
                status="loaded",
                trace_id=found.trace_id,
                event_count=outcome.event_count,
                complete=outcome.complete,
                seconds=outcome.seconds + share,
            )
        yield outcome.number, result


def _sort_out(
    con: duckdb.DuckDBPyConnection, files: Sequence[TraceFile]
) -> tuple[dict[int, IngestResult], dict[int, TraceFile], dict[int, int]]:
    """Split the files, by number, into results known already, files to load, and copies of those.

    Files to load get their names and ids; a copy maps to the number of the file with the same bytes.
    """
    traces = con.table("trace").project("digest, name, trace_id, size_bytes").fetchall()
    known = {row[0]: row[1] for row in traces}
    names = {row[1] for row in traces}
    last = max((row[2] for row in traces), default=0)
    sizes = Counter(row[3] for row in traces)
    sizes.update(filter(None, map(_size, files)))
    results: dict[int, IngestResult] = {}
    waiting: dict[int, TraceFile] = {}
    copies: dict[int, int] = {}
    first_of: dict[str, int] = {}
    for i, found in enumerate(files):
        try:
            # a unique size can't be a duplicate, so hash that file later, while it is read
            digest = found.hashed() if sizes[found.size_bytes()] > 1 else ""
        except OSError as error:
            results[i] = IngestResult(found.path, "failed", error=_failure(found.path, error))
            continue
        if digest in known:
            results[i] = IngestResult(found.path, "duplicate", known[digest])
        elif digest and first_of.setdefault(digest, i) != i:
            copies[i] = first_of[digest]
        else:
            last += 1
            name = _unique(found.name, names)
            names.add(name)
            waiting[i] = replace(found, name=name, digest=digest, trace_id=last)
    return results, waiting, copies


def _of_copy(copy: TraceFile, first: IngestResult) -> IngestResult:
    """The result for a file that has the same bytes as another file of this load."""
    if first.status == "loaded":
        return IngestResult(copy.path, "duplicate", first.name)
    why = str(first.error).removeprefix(f"{first.path}: ")
    return IngestResult(
        copy.path,
        "failed",
        copy.name,
        error=f"{copy.path}: this is a copy of {first.path}, which failed: {why}",
    )


def _failure(path: Path, error: Exception) -> str:
    """One line that names the file once and says why it was not loaded."""
    if isinstance(error, UserError):
        text = " ".join(str(error).splitlines())
    else:
        text = f"could not be loaded: {_cause(error)}"
    return text if str(path) in text else f"{path}: {text}"


def _cause(error: Exception) -> str:
    text = first_line(error)
    if isinstance(error, OSError):
        text = error.strerror or text
    if isinstance(error, MemoryError):
        return "there is not enough memory; load fewer files at a time with --jobs 1"
    if isinstance(error, RecursionError):
        return f"its data is nested too deeply ({text})"
    is_full = isinstance(error, OSError) and error.errno in _FULL_DISK
    if isinstance(error, duckdb.IOException | duckdb.OutOfMemoryException):
        is_full = any(sign in str(error).lower() for sign in _FULL_DISK_TEXTS)
    return f"{text}; make room on the disk and load it again" if is_full else text


def _size(found: TraceFile) -> int | None:
    try:
        return found.size_bytes()
    except OSError:
        return None


def _unique(name: str, taken: Collection[str]) -> str:
    """The name, with the first free number appended if another trace, such as a rank, has it."""
    number, wanted = 1, name
    while wanted in taken:
        number += 1
        wanted = f"{name}-{number}"
    return wanted
