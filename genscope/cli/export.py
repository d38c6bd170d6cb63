"""The commands that write one trace for other tools: find it, in a study or as a file, and say what was written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from genscope.analyze.near import few
from genscope.analyze.printable import printable
from genscope.analyze.study import Study
from genscope.analyze.whole_file import check_writable
from genscope.cli.output import print_line
from genscope.errors import UserError

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")
_UNIT_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def export_perfetto(
    trace: str | None, db: Path, start: str | None, end: str | None, out: Path | None
) -> None:
    """Write a trace, or its part from `start` to `end` after its first event, as Chrome JSON."""
    from genscope.analyze.export.perfetto import first_ns, write_perfetto
    from genscope.analyze.export.slices import Window

    start_ns, end_ns = _nanoseconds("--from", start), _nanoseconds("--to", end)
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise UserError("--from is not before --to; exchange them")
    if out is not None:
        check_writable(out)
    with _study_with(trace, db) as (study, trace_id, name):
        base_ns = first_ns(study, trace_id)
        window = Window(
            None if start_ns is None else base_ns + start_ns,
            None if end_ns is None else base_ns + end_ns,
        )
        target = out or Path(f"{name.replace('/', '_')}.perfetto.json.gz")
        exported = write_perfetto(study, trace_id, target, window)
    print_line(f"{target}: {exported.slice_count:,} slices; open it in https://ui.perfetto.dev")
    if exported.left_out_count:
        _say(
            f"the {exported.left_out_count:,} shortest slices of the host were left out, because "
            "Perfetto becomes slow; choose a part with --from and --to"
        )


def augment_trace(trace: str | None, db: Path, out: Path) -> None:
    """Write a copy of a trace's file with our facts in it."""
    from genscope.analyze.export.augment import augment

    check_writable(out)
    with _study_with(trace, db) as (study, trace_id, _):
        changed = augment(study, trace_id, out)
    print_line(f"{out}: {changed:,} events have arguments of ours, named genscope_...")


@contextmanager
def _study_with(trace: str | None, db: Path) -> Iterator[tuple[Study, int, str]]:
    """A study with the trace, its number and its name; a file is loaded into a study of its own."""
    if trace is not None and Path(trace).exists():
        with (
            TemporaryDirectory(prefix="genscope-") as folder,
            Study(f"{folder}/study.duckdb") as own,
        ):
            own.ingest(trace)
            yield own, *_only(own, None, trace)
        return
    with Study(db) as study:
        yield study, *_only(study, trace, trace or str(db))


def _only(study: Study, pattern: str | None, given: str) -> tuple[int, str]:
    found = study.names(pattern)
    if not found:
        raise UserError(f"{given}: there is no trace in it; load one with 'genscope ingest'")
    if len(found) > 1:
        shown = few(sorted(found.values()))
        raise UserError(f"{given}: there are {len(found)} traces ({shown}); name one of them")
    return next(iter(found.items()))


def _nanoseconds(option: str, text: str | None) -> int | None:
    """ns of a text such as '120ms'; UserError without a unit."""
    if text is None:
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise UserError(
            f"{option} {text!r} isn't a time; write a number and ns, us, ms or s: 120ms"
        )
    return round(float(match[1]) * _UNIT_NS[match[2]])


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"genscope: {printable(text)}\n")
