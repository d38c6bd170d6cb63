"""Why an answer has no row, or lacks a trace: said on standard error, beneath the answer itself.

An empty table looks like "there is none of it" when most often the recording can't say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze import refusal
from genscope.analyze.doctor.advice import FOUND_IN, NEEDS, REASONS
from genscope.analyze.printable import printable
from genscope.cli.output import Format, write_result

if TYPE_CHECKING:
    import duckdb

    from genscope.analyze.study import Study


def write_answer(
    study: Study,
    name: str,
    *,
    trace: str | None,
    params: Mapping[str, Any],
    fmt: Format,
    out: Path | None,
) -> None:
    """Run one query and write its rows; on standard error, why there are none or a trace is left out."""
    frame = study.query(name, trace=trace, params=params)
    write_result(frame, fmt, out)
    said = reasons(study, name, trace) if frame.is_empty() else _left_out(study, name, trace)
    for line in said:
        sys.stderr.write(f"genscope: {printable(name)}: {printable(line)}\n")


def reasons(study: Study, name: str, trace: str | None = None) -> list[str]:
    """What the query needs and the traces don't hold, one line a reason; else what a row of it is."""
    con, names = study.connection, study.names(trace)
    missing: dict[str, list[str]] = {}
    for need in NEEDS.get(name, ()):
        having = _having(con, need, names)
        for trace_id in [number for number in names if number not in having]:
            missing.setdefault(REASONS[need], []).append(names.pop(trace_id))
    lines = [f"no row for {_listed(without)}: {reason}" for reason, without in missing.items()]
    if names:
        grain = " ".join(study.relation(name).sections["Grain"].split())
        lines.append(f"no row for {_listed(list(names.values()))}: nothing there makes {grain}")
    return lines


def _having(con: duckdb.DuckDBPyConnection, need: str, names: Mapping[int, str]) -> set[int]:
    if need == "pair":
        return set(names) if len(names) > 1 else set()
    table, condition = FOUND_IN[need]
    rows = con.table(table).filter(condition).project("trace_id").distinct().fetchall()
    return {int(row[0]) for row in rows}


def _left_out(study: Study, name: str, trace: str | None) -> Iterator[str]:
    names = study.names(trace)
    kept = refusal.allowed(study.connection, study.relation(name), list(names))
    out = [label for number, label in names.items() if kept is not None and number not in kept]
    if out:
        yield f"left out {_listed(out)}: kernels inside CUDA graphs were not recorded; see anomaly"


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
