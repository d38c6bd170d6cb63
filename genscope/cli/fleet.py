"""Show how a fleet's load goes on, and write what a lake answers."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from genscope.analyze.fleet.ingest import Outcome, ingest
from genscope.analyze.fleet.question import FleetAnswer
from genscope.analyze.fleet.runner import runner
from genscope.analyze.predicted import notes, without_empty_interval
from genscope.analyze.printable import printable
from genscope.cli.output import Format, write_result
from genscope.cli.standard_output import complain
from genscope.errors import UserError

_LINE_SECONDS = 10.0


def ingest_with_progress(
    lake: str, paths: Sequence[str], scheduler: str | None, workers: int | None, shard: str
) -> int:
    """Load into a lake and print what failed and a summary; return 1 if any failed, else 0."""
    part = _shard(shard)
    shown = _Progress()
    try:
        with runner(scheduler, workers) as run:
            outcomes = ingest(lake, paths, shard=part, run=run, progress=shown)
    except KeyboardInterrupt:
        return complain(
            "interrupted; what was loaded is kept, run the same command again for the rest",
            status=130,
        )
    for outcome in outcomes:
        if outcome.status == "failed":
            _say(f"failed     {outcome.source}: {outcome.error}")
    print(printable(f"{lake}: {_summary(outcomes)}"), flush=True)
    return int(any(outcome.status == "failed" for outcome in outcomes))


def write_fleet_answer(
    answer: FleetAnswer, fmt: Format, out: Path | None, *, key: Sequence[str] = ()
) -> None:
    """Write the rows, those columns in `key` first, and on standard error which traces have none."""
    frame = without_empty_interval(answer.frame) if fmt == "table" else answer.frame
    write_result(frame, fmt, out, key=key, shows_all="--format csv")
    for note in [*answer.notes, *notes(answer.frame)]:
        _say(note)


class _Progress:
    """One line every ten seconds on standard error: how many are done, how fast, how long it takes."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._before: int | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        # those that were done before this load say nothing of its speed
        self._before = done - 1 if self._before is None else self._before
        if now - self._last < _LINE_SECONDS or done == total:
            return
        self._last = now
        per_minute = (done - self._before) * 60 / (now - self._start)
        left = max(1, round((total - done) / per_minute))
        _say(f"{done:,} of {total:,} traces, {per_minute:,.0f} a minute, about {left:,} min left")


def _summary(outcomes: Sequence[Outcome]) -> str:
    counts = {
        status: sum(outcome.status == status for outcome in outcomes)
        for status in ("loaded", "duplicate", "failed")
    }
    return (
        f"{counts['loaded']:,} loaded, {counts['duplicate']:,} skipped (already in the lake), "
        f"{counts['failed']:,} failed"
    )


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None:
        raise UserError(f"--shard {text!r} isn't a share; write it as 1/8 to 8/8")
    return int(match[1]), int(match[2])


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"genscope: {printable(text)}\n")
