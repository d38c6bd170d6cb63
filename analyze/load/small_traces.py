"""Build several small traces in one scratch database, because planning would dominate one by one.

Attribution plans about fifty statements, which takes longer than running them over a few hundred events.
They work on any number of traces, so a group shares them. Staging does not, so each trace is staged in
an in-memory database and its rows are then moved; a failure there affects only its own file.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from genscope.analyze.load import attribution, build, tables
from genscope.analyze.load.trace_file import TraceFile

# 128 KB of gzip are about ten thousand events
_SMALL_BYTES = 128 << 10
_GROUP_BYTES = 512 << 10
_MAX_GROUP = 16
# compressed files whose study is read and written as fast with small blocks
_SMALL_STUDY = 4 << 20
_STAGE = "stage_area"


@dataclass(frozen=True)
class Outcome:
    """One file that was built, or the error that stopped it; `seconds` is the time for this file."""

    number: int
    event_count: int = 0
    complete: bool = True
    seconds: float = 0.0
    error: Exception | None = None


@dataclass(frozen=True)
class BuiltGroup:
    """A scratch database, and the outcome for each of its files."""

    path: Path
    outcomes: Sequence[Outcome]


def block_size_for(files: Sequence[TraceFile]) -> int:
    """The size of a study's blocks that suits these files."""
    is_small = sum(map(_packed_bytes, files)) <= _SMALL_STUDY
    return tables.SMALL_BLOCK if is_small else tables.LARGE_BLOCK


def groups(files: Mapping[int, TraceFile], *, jobs: int) -> Iterator[dict[int, TraceFile]]:
    """Group the numbered files that are built together; a big file is its own group.

    Every job gets a group, so that a few small files are loaded in parallel.
    """
    sizes = {number: _packed_bytes(found) for number, found in files.items()}
    small = [number for number, size in sizes.items() if size <= _SMALL_BYTES]
    for number in sorted(files.keys() - set(small)):
        # big ones first, so that none runs alone at the end
        yield {number: files[number]}
    most = min(_MAX_GROUP, -(-len(small) // jobs))
    group: list[int] = []
    for number in small:
        held = sum(sizes[other] for other in group)
        if group and (len(group) == most or held + sizes[number] > _GROUP_BYTES):
            yield {other: files[other] for other in group}
            group = []
        group.append(number)
    if group:
        yield {other: files[other] for other in group}


def build_group(
    files: Mapping[int, TraceFile],
    folder: Path,
    *,
    keep: Collection[str],
    threads: int,
    empty: bytes,
) -> list[BuiltGroup]:
    """Create `folder` and build the files in it: together, or one by one if that fails.

    Never raises an Exception: an error becomes the outcome of the files that it affects.
    """
    if len(files) > 1:
        try:
            return [_together(files, folder / "all", keep=keep, threads=threads, empty=empty)]
        except Exception:
            shutil.rmtree(folder / "all", ignore_errors=True)
    return [
        _alone(number, found, folder / str(number), keep=keep, threads=threads, empty=empty)
        for number, found in files.items()
    ]


def _alone(
    number: int,
    found: TraceFile,
    folder: Path,
    *,
    keep: Collection[str],
    threads: int,
    empty: bytes,
) -> BuiltGroup:
    start = time.perf_counter()
    outcome, path = Outcome(number), folder / build.DATABASE
    try:
        built = build.build_trace(found, folder, keep=keep, threads=threads, empty=empty)
        outcome = replace(outcome, event_count=built.event_count, complete=built.complete)
        path = built.path
    except Exception as error:
        outcome = replace(outcome, error=error)
    outcome = replace(outcome, seconds=time.perf_counter() - start)
    return BuiltGroup(path, [outcome])


def _together(
    files: Mapping[int, TraceFile],
    folder: Path,
    *,
    keep: Collection[str],
    threads: int,
    empty: bytes,
) -> BuiltGroup:
    con = build.open_scratch(folder, threads=threads, empty=empty)
    outcomes = []
    try:
        home = con.execute("SELECT current_database()").fetchall()[0][0]
        for number, found in files.items():
            start = time.perf_counter()
            outcome = Outcome(number)
            try:
                count, complete = _stage_one(con, home, found, folder / str(number), keep=keep)
                outcome = replace(outcome, event_count=count, complete=complete)
            except Exception as error:
                outcome = replace(outcome, error=error)
            outcomes.append(replace(outcome, seconds=time.perf_counter() - start))
        start = time.perf_counter()
        attribution.attribute(con)
        con.execute("CHECKPOINT")
        share = (time.perf_counter() - start) / len(files)
    finally:
        con.close()
    return BuiltGroup(
        folder / build.DATABASE,
        [o if o.error else replace(o, seconds=o.seconds + share) for o in outcomes],
    )


def _stage_one(
    con: duckdb.DuckDBPyConnection,
    home: str,
    found: TraceFile,
    folder: Path,
    *,
    keep: Collection[str],
) -> tuple[int, bool]:
    """Stage a trace in memory and move its rows into the database `home`; as build.what_was_read."""
    folder.mkdir()
    con.execute(f"ATTACH ':memory:' AS {_STAGE}")
    try:
        con.execute(f"SET search_path = '{_STAGE}.main,{home}.main'")
        stored = tables.create_base_tables(con)
        digest = build.stage(con, found, folder, keep=keep, threads=1)
        con.execute(f"UPDATE trace SET digest = '{digest or found.hashed()}'")
        found_events = build.what_was_read(con)
        with tables.transaction(con):
            for table in stored:
                con.execute(f"INSERT INTO {home}.main.{table} BY NAME SELECT * FROM {table}")
    finally:
        con.execute(f"SET search_path = '{home}.main'")
        con.execute(f"DETACH {_STAGE}")
        shutil.rmtree(folder, ignore_errors=True)
    return found_events


def _packed_bytes(found: TraceFile) -> int:
    try:
        return found.packed_bytes()
    except OSError:
        # the file has gone; its build will report that
        return 0
