"""Diagnose a trace: what is wrong, how that affects answers, what to change, which metrics it supports.

The trace is loaded with the SQL that fills a study and then thrown away, so the doctor and the report
never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from genscope.analyze.connect import connect, first_line
from genscope.analyze.load import build
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.analyze.needs import NEEDS
from genscope.analyze.sql_file import load_layer
from genscope.errors import UserError

# relations that say what the trace holds
NEEDED = frozenset(table for need in NEEDS.values() for table, _ in need.found_in)
# above this share of kernel time without a launch, categories by operator mislead
MAX_UNLINKED_FRAC = 0.1
# largest share of lost events with which shares of time can be trusted
MAX_LOST_FRAC = 0.001


@dataclass(frozen=True)
class Anomaly:
    """One kind of anomaly in a trace: `count` events, with the first or worst as `example`.

    The rest comes from queries/rules/anomaly_kind.sql; `advice` is None if nothing needs to change.
    """

    kind: str
    count: int
    example: str | None
    consequence: str
    advice: str | None
    ruins_shares: bool


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one file.

    `supports` maps each metric to None, or to the reason why this trace can't support it; `doubts`
    are the reasons why shares of its time can't be trusted. `error` is set if it can't be read.
    """

    path: str
    format: str
    event_count: int = 0
    anomalies: tuple[Anomaly, ...] = ()
    supports: Mapping[str, str | None] | None = None
    doubts: tuple[str, ...] = ()
    error: str | None = None

    @property
    def trustworthy(self) -> bool:
        """Whether shares of this trace's time can be trusted."""
        return not self.doubts and self.error is None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for json.dumps."""
        return {**asdict(self), "trustworthy": self.trustworthy}


def examine(
    paths: Iterable[str | Path], *, done: Callable[[Diagnosis], None] | None = None
) -> list[Diagnosis]:
    """Examine files, run folders or globs one after the other; `done` gets each diagnosis at once.

    Raises UserError if a path is wrong. A file that can't be read gets a diagnosis that says so.
    """
    found = []
    for trace in find(paths):
        diagnosis = _examine(trace)
        if done:
            done(diagnosis)
        found.append(diagnosis)
    return found


def _examine(trace: TraceFile) -> Diagnosis:
    blank = Diagnosis(str(trace.path), trace.format)
    with TemporaryDirectory(prefix="genscope-") as folder:
        try:
            given = replace(trace, trace_id=1, digest="-")
            path = build.build_trace(given, Path(folder) / "trace", wanted=NEEDED).path
        except UserError as error:
            return replace(blank, error=str(error))
        except (duckdb.Error, OSError) as error:
            return replace(blank, error=f"{trace.path}: {first_line(error)}")
        with connect(path, read_only=True) as con:
            return _diagnosis(con, blank)


def _diagnosis(con: duckdb.DuckDBPyConnection, blank: Diagnosis) -> Diagnosis:
    rows = con.table("anomaly").order("kind").fetchall()
    kinds = {row[0]: row for row in con.table("anomaly_kind").fetchall()}
    anomalies = tuple(
        Anomaly(kind, count, example, consequence, advice, ruins_shares)
        for _, kind, count, _, example, consequence in rows
        for _, ruins_shares, _, advice in [kinds.get(kind, (kind, False, consequence, None))]
    )
    has = _contents(con)
    return replace(
        blank,
        event_count=has["event_count"],
        anomalies=anomalies,
        supports={metric.name: _reason(metric.needs, has) for metric in load_layer("metric")},
        doubts=tuple(_doubts({found.kind: found for found in anomalies}, has)),
    )


def _contents(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The things in the trace that metrics need."""
    trace = con.table("trace")
    kernels = con.table("kernel")
    calls = con.table("runtime_call").project("process_id, correlation_id").set_alias("call")
    # correlation ids repeat across processes, and some traces don't say to which a kernel belongs
    of_unknown = kernels.filter("process_id IS NULL").set_alias("kernel")
    of_known = kernels.filter("process_id IS NOT NULL").set_alias("kernel")
    same = "kernel.correlation_id = call.correlation_id"
    linked = of_unknown.join(calls, same, how="semi").union(
        of_known.join(calls, f"{same} AND kernel.process_id = call.process_id", how="semi")
    )
    total = _number(kernels.sum("dur_ns"))
    return {
        "event_count": _number(trace.max("event_count")),
        "skipped_count": _number(trace.max("skipped_count")),
        **{
            word: any(
                con.table(table).filter(condition).limit(1).fetchall()
                for table, condition in need.found_in
            )
            for word, need in NEEDS.items()
        },
        "unlinked_frac": 1 - _number(linked.sum("dur_ns")) / total if total else 0.0,
    }


def _number(aggregate: duckdb.DuckDBPyRelation) -> int:
    return int(aggregate.fetchall()[0][0] or 0)


def _reason(needs: tuple[str, ...], has: Mapping[str, Any]) -> str | None:
    return next((NEEDS[need].reason for need in needs if not has.get(need)), None)


def _doubts(anomalies: Mapping[str, Anomaly], has: Mapping[str, Any]) -> Iterable[str]:
    for anomaly in anomalies.values():
        if anomaly.ruins_shares:
            yield f"{anomaly.kind}: {anomaly.consequence}"
    if "no_kernel" in anomalies:
        yield f"no_kernel: {anomalies['no_kernel'].consequence}"
    elif not has["kernel"] and not has["operator"]:
        yield "the trace holds no work, neither kernels nor operators"
    elif not has["kernel"] and "device_events_of_others" in anomalies:
        yield f"device_events_of_others: {anomalies['device_events_of_others'].consequence}"
    if has["operator"] and has["unlinked_frac"] > MAX_UNLINKED_FRAC:
        yield f"unlinked_kernel: {has['unlinked_frac']:.1%} of kernel time has no launch"
    untimed = [anomalies[kind] for kind in ("no_timestamp", "zero_time") if kind in anomalies]
    if sum(found.count for found in untimed) > MAX_LOST_FRAC * max(has["event_count"], 1):
        yield from (
            f"{found.kind}: {found.count:,} of {has['event_count']:,} events" for found in untimed
        )
    if has["skipped_count"] > MAX_LOST_FRAC * max(has["event_count"], 1):
        yield f"{has['skipped_count']:,} of {has['event_count']:,} events are lost"
