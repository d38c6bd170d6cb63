"""Why an answer has no row, or lacks a trace: said on standard error, beneath the answer itself.

An empty table looks like "there is none of it" when most often the recording can't say.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze import refusal
from genscope.analyze.doctor.advice import FOUND_IN, NEEDS, REASONS
from genscope.analyze.near import few
from genscope.analyze.printable import printable
from genscope.cli.output import Format, check_out, write_result

if TYPE_CHECKING:
    import duckdb

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
) -> None:
    """Run one query and write its rows; on standard error, why there are none or a trace is left out."""
    check_out(fmt, out)
    frame = study.query(name, trace=trace, params=params)
    write_result(frame, fmt, out, wide=wide)
    said = reasons(study, name, trace) if frame.is_empty() else []
    said += left_out(study, name, trace)
    if sys.stderr is not None:
        for line in said:
            sys.stderr.write(f"genscope: {printable(name)}: {printable(line)}\n")


def reasons(
    study: Study, name: str, trace: str | None = None, known: dict[str, set[int]] | None = None
) -> list[str]:
    """What the query needs and the traces don't hold, one line a reason; else what a row of it is.

    `known` keeps which traces have what between calls: looking for it reads whole tables.
    """
    con, names, relation = study.connection, study.names(trace), study.relation(name)
    found = {} if known is None else known
    missing: dict[str, list[str]] = {}
    for need in NEEDS.get(name, ()):
        if need not in found:
            found[need] = _having(con, need)
        having = set(names) if need == "pair" and len(names) > 1 else found[need]
        for trace_id in [number for number in names if number not in having]:
            missing.setdefault(REASONS[need], []).append(names.pop(trace_id))
    lines = [f"no row for {few(without)}: {reason}" for reason, without in missing.items()]
    if refusal.rests_on_device_time(relation):
        names = {
            number: text for number, text in names.items() if number not in refusal.refused(con)
        }
    if names:
        grain = " ".join(relation.sections.get("Grain", "rows").split())
        lines.append(f"no row for {few(names.values())}: nothing there makes {grain}")
    return lines


def left_out(study: Study, name: str, trace: str | None = None) -> list[str]:
    """The refused traces that the answer would rest on, one line a reason.

    Also said is that an answer isn't made of traces at all, where some were asked for.
    """
    relation = study.relation(name)
    if trace is not None and not study.is_about_traces(name):
        return ["its rows aren't made of traces, so --trace changes nothing"]
    if not refusal.rests_on_device_time(relation):
        return []
    # a pair, a mean or a fit takes in more traces than those that were asked for
    alone = "trace_id" in relation.columns and "run_pair" not in relation.inputs
    names = study.names(trace if alone else None)
    by_kind: dict[str, list[str]] = {}
    for trace_id, (kind, _) in refusal.refused(study.connection).items():
        if trace_id in names:
            by_kind.setdefault(kind, []).append(names[trace_id])
    return [
        f"left out {few(without)}: {refusal.ANOMALIES[kind]}; see anomaly"
        for kind, without in by_kind.items()
    ]


def _having(con: duckdb.DuckDBPyConnection, need: str) -> set[int]:
    """The traces that have what is needed; of a pair no trace alone can say."""
    if need == "pair":
        return set()
    found: set[int] = set()
    for table, condition in FOUND_IN[need]:
        rows = con.table(table).filter(condition).project("trace_id").distinct().fetchall()
        found.update(int(row[0]) for row in rows)
    return found
