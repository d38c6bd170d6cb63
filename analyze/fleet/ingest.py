"""Fill a lake: each trace becomes a study of its own, on whichever process is free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genscope.analyze.fleet.lake import Failure, Lake, Part
from genscope.analyze.fleet.runner import Runner, in_turn
from genscope.analyze.fleet.source import Source, local_copy, sources
from genscope.analyze.load.ingest import ingest as ingest_here
from genscope.analyze.load.study_file import open_to_write
from genscope.analyze.load.tables import quoted
from genscope.analyze.load.trace_file import find
from genscope.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What became of one trace: 'loaded', 'duplicate' of one in the lake, or 'failed' with the error."""

    source: str
    status: str
    error: str | None = None
    event_count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Load:
    """What a task gets: a trace and the lake's address."""

    source: Source
    lake: str


def ingest(
    lake: str,
    paths: Iterable[str],
    *,
    shard: tuple[int, int] = (1, 1),
    run: Runner = in_turn,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Load what `paths` name into the lake, and return one outcome for each trace, in order of address.

    `shard` (i, n) takes every nth trace from the ith on, for an array of jobs without a scheduler. A
    trace that fails is a row of the lake's failures and stops no other. Raises UserError if a path is
    wrong or missing, or the lake is of another version.
    """
    paths = list(paths)
    if not paths:
        raise UserError("name the traces to load: files, run folders, globs or addresses")
    opened = Lake(lake)
    mine = _share(sources(paths), shard)
    opened.create()
    opened.remove_leftovers()
    stamps = {(part.source, part.stamp) for part in opened.parts() if part.stamp}
    outcomes = {
        source: Outcome(source.address, "duplicate")
        for source in mine
        if (source.address, source.stamp) in stamps
    }
    waiting = [_Load(source, lake) for source in mine if source not in outcomes]
    for done in run(load_one, waiting):
        source = done.item.source
        outcome = done.result or Outcome(source.address, "failed", done.why)
        if outcome.status == "failed":
            opened.fail(Failure(source.address, str(outcome.error)))
        outcomes[source] = outcome
        if progress:
            progress(len(outcomes), len(mine))
    return [outcomes[source] for source in mine]


def load_one(load: _Load) -> Outcome:
    """Load one trace: the task that runs on a worker. A trace that can't be read is a 'failed' outcome."""
    start = time.perf_counter()
    address, lake = load.source.address, Lake(load.lake)
    with local_copy(address) as path, lake.scratch() as folder:
        try:
            (trace,) = find([path])
            digest = trace.hashed()
            if lake.has(digest):
                lake.forgive(address)
                return Outcome(address, "duplicate")
            study = folder / "study.duckdb"
            (result,) = ingest_here(study, [path], jobs=1)
        except (UserError, OSError) as error:
            text = str(error).replace(str(path), address).removeprefix(f"{address}: ")
            return Outcome(address, "failed", text, seconds=time.perf_counter() - start)
        if str(path) != address:
            _set_path(study, address)
        seconds = time.perf_counter() - start
        part = Part(
            digest,
            result.name or trace.name,
            address,
            load.source.stamp,
            trace.size_bytes(),
            result.event_count,
            seconds,
        )
        lake.put(study, part)
    return Outcome(address, "loaded", event_count=result.event_count, seconds=seconds)


def merge(lakes: Sequence[str], into: str) -> int:
    """Add the traces of some lakes to another one, and return how many were new there.

    Raises UserError without any lake, or for one that is missing or of another version.
    """
    if not lakes:
        raise UserError("name the lakes to read")
    target = Lake(into)
    target.create()
    count = 0
    for lake in map(Lake, lakes):
        lake.check()
        for part in lake.parts():
            if target.has(part.digest):
                continue
            with lake.study_of(part) as study, target.scratch() as folder:
                copy = folder / "study.duckdb"
                copy.write_bytes(study.read_bytes())
                target.put(copy, replace(part, name=_own_name(study)))
            count += 1
    return count


def _own_name(study: Path) -> str:
    """The name that the trace has in its own study, without the number that a lake may add."""
    from genscope.analyze.study import Study

    with Study(study) as opened:
        return next(iter(opened.names().values()))


def _set_path(study: Path, address: str) -> None:
    """Say where the trace is, not where its copy was."""
    with open_to_write(study) as con:
        con.execute(f"UPDATE trace SET path = '{quoted(address)}'")


def _share(found: Sequence[Source], shard: tuple[int, int]) -> list[Source]:
    number, count = shard
    if not 1 <= number <= count:
        raise UserError(f"--shard {number}/{count} isn't a share; write it as 1/8 to 8/8")
    return list(found[number - 1 :: count])
