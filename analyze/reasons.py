"""Why an answer has no rows, or leaves out a trace.

An empty table looks like "there is none of it", but usually the recording doesn't hold the data.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from genscope.analyze import refusal
from genscope.analyze.near import few
from genscope.analyze.needs import NEEDS
from genscope.analyze.sql_file import SqlFile


def no_rows(
    con: duckdb.DuckDBPyConnection,
    relation: SqlFile,
    names: Mapping[int, str],
    known: dict[str, set[int]],
    refused: refusal.Refused,
) -> list[str]:
    """Say why a query has no rows: what it needs and the traces lack, or what a row of it would be.

    Returns one line per reason. `names` are the chosen traces by trace_id. `known` caches which traces
    meet which need, because checking that reads whole tables.
    """
    left = dict(names)
    missing: dict[str, list[str]] = {}
    for need in relation.needs:
        if need not in known:
            known[need] = _having(con, need)
        having = set(left) if need == "pair" and len(left) > 1 else known[need]
        for trace_id in [number for number in left if number not in having]:
            missing.setdefault(NEEDS[need].reason, []).append(left.pop(trace_id))
    lines = [f"no rows for {few(without)}: {reason}" for reason, without in missing.items()]
    if refusal.rests_on_device_time(relation):
        left = {number: text for number, text in left.items() if number not in refused}
    if left:
        grain = " ".join(relation.sections.get("Grain", "rows").split())
        lines.append(
            f"no rows for {few(left.values())}: the query returns {grain}, and there are none"
        )
    return lines


def read_for(relation: SqlFile) -> list[str]:
    """The relations that no_rows reads for this one."""
    return [table for need in relation.needs for table, _ in NEEDS[need].found_in]


def left_out(relation: SqlFile, names: Mapping[int, str], refused: refusal.Refused) -> list[str]:
    """The traces that the answer leaves out because they are refused, one line per reason."""
    if not refusal.rests_on_device_time(relation):
        return []
    by_kind: dict[str, list[str]] = {}
    for trace_id, (kind, _) in refused.items():
        if trace_id in names:
            by_kind.setdefault(kind, []).append(names[trace_id])
    return [
        f"left out {few(without)}: {refusal.ANOMALIES[kind]} (SELECT * FROM anomaly says more)"
        for kind, without in by_kind.items()
    ]


def _having(con: duckdb.DuckDBPyConnection, need: str) -> set[int]:
    """The traces that meet the need."""
    found: set[int] = set()
    for table, condition in NEEDS[need].found_in:
        rows = con.table(table).filter(condition).project("trace_id").distinct().fetchall()
        found.update(int(row[0]) for row in rows)
    return found
