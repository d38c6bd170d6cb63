"""Fill a lake: each batch of traces becomes a study, on whichever process is free."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from genscope.analyze.fleet.batches import MOST_TRACES, batches
from genscope.analyze.fleet.lake import Card, Failure, Lake, of_one_part
from genscope.analyze.fleet.runner import Runner, in_turn
from genscope.analyze.fleet.source import Source, local_copy, sources
from genscope.analyze.load.ingest import IngestResult
from genscope.analyze.load.ingest import ingest as ingest_here
from genscope.analyze.load.study_file import open_to_write
from genscope.analyze.load.tables import quoted
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.errors import UserError


@dataclass(frozen=True)
class Outcome:
    """What became of one trace: 'loaded', 'duplicate' of one in the lake, or 'failed' with the error."""

    source: str
    status: str
    error: str | None = None
    event_count: int = 0
    seconds: float = 0.0
    digest: str = ""


@dataclass(frozen=True)
class Batch:
    """What a task gets: the traces of one study, and the lake's address."""

    sources: Sequence[Source]
    lake: str

    def apart(self) -> list[Batch]:
        """Each of its traces as a batch."""
        return [replace(self, sources=[source]) for source in self.sources]


@dataclass(frozen=True)
class _Found:
    """A trace that a task is going to load: its address, its file here and its digest."""

    source: Source
    file: TraceFile
    digest: str


def ingest(
    lake: str,
    paths: Iterable[str],
    *,
    shard: tuple[int, int] = (1, 1),
    run: Runner = in_turn,
    most: int = MOST_TRACES,
    progress: Callable[[int, int], None] | None = None,
) -> list[Outcome]:
    """Load what `paths` name into the lake, and return one outcome for each trace, in order of address.

    `shard` (i, n) takes every nth trace from the ith on, for an array of jobs without a scheduler. At
    most `most` small traces share a study. A trace that fails is a row of the lake's failures and stops
    no other; one whose file has changed takes the place of the old one. Raises UserError if a path is
    wrong or missing, or the lake is of another version.
    """
    paths = list(paths)
    if not paths:
        raise UserError("name the traces to load: files, run folders, globs or addresses")
    opened = Lake(lake)
    mine = _share(sources(paths), shard)
    opened.create()
    opened.remove_leftovers()
    cards = opened.written_cards()
    digests = {(card.source, card.stamp): card.digest for card in cards if card.stamp}
    outcomes = {
        source.address: Outcome(source.address, "duplicate", digest=digest)
        for source in mine
        if (digest := digests.get((source.address, source.stamp)))
    }
    waiting = [source for source in mine if source.address not in outcomes]
    groups = batches(waiting, workers=run.workers, most=most)
    for done in run(load_batch, [Batch(group, lake) for group in groups], Batch.apart):
        failed = [Outcome(one.address, "failed", done.why) for one in done.item.sources]
        for outcome in done.result or failed:
            if outcome.status == "failed":
                opened.fail(Failure(outcome.source, str(outcome.error)))
            outcomes[outcome.source] = outcome
            if progress:
                progress(len(outcomes), len(mine))
    _remove_replaced(opened, cards, outcomes)
    return [outcomes[source.address] for source in mine]


def _remove_replaced(lake: Lake, cards: Sequence[Card], outcomes: Mapping[str, Outcome]) -> None:
    """Remove those of the cards whose file has other bytes by now, unless another file has these bytes."""
    sound = {one.source: one.digest for one in outcomes.values() if one.status != "failed"}
    kept = set(sound.values())
    for card in cards:
        if card.source in sound and card.digest not in kept:
            lake.remove(card)


def load_batch(batch: Batch) -> list[Outcome]:
    """Load some traces into one study: the task that runs on a worker.

    A trace that can't be read is a 'failed' outcome. Raises UserError or OSError if nothing could be
    loaded at all of several, so that each is tried alone.
    """
    lake = Lake(batch.lake)
    known: list[Outcome] = []
    found: list[_Found] = []
    with ExitStack() as stack:
        for source in batch.sources:
            start, path = time.perf_counter(), Path(source.address)
            try:
                path = stack.enter_context(local_copy(source.address))
                (file,) = find([path])
                one = _Found(source, file, file.hashed())
            except (UserError, OSError) as error:
                result = IngestResult(
                    path, "failed", error=str(error), seconds=time.perf_counter() - start
                )
                known.append(_outcome(result, source.address, {path: source.address}))
                continue
            if lake.has(one.digest):
                known.append(Outcome(source.address, "duplicate", digest=one.digest))
            else:
                found.append(one)
        outcomes = [*known, *(_load(lake, found) if found else ())]
    for outcome in outcomes:
        if outcome.status == "duplicate":
            lake.forgive(outcome.source)
    return outcomes


def _load(lake: Lake, found: Sequence[_Found]) -> list[Outcome]:
    """Load traces that are new in the lake into one study, and put it there."""
    addresses = {one.file.path: one.source.address for one in found}
    with lake.scratch() as folder:
        study = folder / "study.duckdb"
        start = time.perf_counter()
        try:
            results = ingest_here(study, addresses, jobs=1)
        except (UserError, OSError) as error:
            if len(found) > 1:
                raise
            seconds = time.perf_counter() - start
            results = [
                IngestResult(found[0].file.path, "failed", error=str(error), seconds=seconds)
            ]
        pairs = list(zip(found, results, strict=True))
        cards = [_card(one, result) for one, result in pairs if result.status == "loaded"]
        if cards:
            copied = {card.trace_id: card.source for card in cards if "://" in card.source}
            if copied:
                _set_paths(study, copied)
            lake.put(study, of_one_part(cards))
    return [
        replace(_outcome(result, one.source.address, addresses), digest=one.digest)
        for one, result in pairs
    ]


def _card(one: _Found, result: IngestResult) -> Card:
    """The card of a loaded trace. A study, like a lake, numbers equal names, so this is the file's own."""
    return Card(
        one.digest,
        one.file.name,
        one.source.address,
        trace_id=result.trace_id or 1,
        stamp=one.source.stamp,
        size_bytes=one.file.size_bytes(),
        event_count=result.event_count,
        seconds=result.seconds,
    )


def _outcome(result: IngestResult, source: str, addresses: Mapping[Path, str]) -> Outcome:
    """What became of a trace; an error names addresses, and not where their copies were."""
    text = str(result.error)
    for path, address in addresses.items():
        text = text.replace(str(path), address)
    why = text.removeprefix(f"{source}: ") if result.status == "failed" else None
    return Outcome(source, result.status, why, result.event_count, result.seconds)


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
        new: dict[str, list[Card]] = {}
        for card in lake.written_cards():
            if not target.has(card.digest):
                new.setdefault(card.part, []).append(card)
        for part, cards in new.items():
            with lake.study_of(part) as study, target.scratch() as folder:
                copy = folder / "study.duckdb"
                copy.write_bytes(study.read_bytes())
                target.put(copy, cards)
            count += len(cards)
    return count


def _set_paths(study: Path, addresses: Mapping[int, str]) -> None:
    """Say where traces are, not where their copies were."""
    with open_to_write(study) as con:
        for trace_id, address in addresses.items():
            con.execute(f"UPDATE trace SET path = '{quoted(address)}' WHERE trace_id = {trace_id}")


def _share(found: Sequence[Source], shard: tuple[int, int]) -> list[Source]:
    number, count = shard
    if not 1 <= number <= count:
        raise UserError(f"--shard {number}/{count} isn't a share; write it as 1/8 to 8/8")
    return list(found[number - 1 :: count])
