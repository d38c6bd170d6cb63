"""Run one query and print it, with the reasons for missing rows on standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.key_columns import key_columns
from genscope.analyze.predicted import notes, without_empty_interval
from genscope.cli.output import Format, check_out, print_notes, write_result

if TYPE_CHECKING:
    from genscope.analyze.study import Study


def write_answer(
    study: Study,
    name: str,
    *,
    trace: str | None = None,
    params: Mapping[str, Any] | None = None,
    fmt: Format = "table",
    out: Path | None = None,
    wide: bool = False,
    warnings: Sequence[str] = (),
) -> None:
    """Run one query and write its rows; write warnings and why rows or traces are missing to standard error."""
    check_out(fmt, out)
    ask = study.rows if fmt == "table" else study.query
    frame = ask(name, trace=trace, params=params)
    if fmt == "table":
        frame = without_empty_interval(frame)
    write_result(frame, fmt, out, wide=wide, key=key_columns(study.relation(name), frame.columns))
    said = [*warnings, *(study.reasons(name, trace=trace) if frame.is_empty() else [])]
    said += study.left_out(name, trace=trace, params=params)
    said += notes(frame)
    print_notes(name, said)
