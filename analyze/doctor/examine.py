"""What is wrong with a trace, what it costs you, what to change in the capture, what it supports.

The findings are the anomalies of a load that is thrown away again: the same SQL that fills a study,
so the doctor and the report never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from genscope.analyze.connect import connect
from genscope.analyze.doctor.advice import ADVICE, FOUND_IN, NEEDS, REASONS
from genscope.analyze.load import build as scratch
from genscope.analyze.load.trace_file import TraceFile, find
from genscope.analyze.sql_file import load_layer
from genscope.errors import UserError

# kernels without a launch, as a share of kernel time, beyond which classes by operator mislead
MOST_UNLINKED = 0.1
# events lost, as a share of all
MOST_LOST = 0.001

_RUINOUS = frozenset(
    {
        *("truncated", "mixed_writers", "uneven_graph_replay", "overrunning_kernel"),
        *("graph_kernels_not_recorded", "outlier_work", "untimed_work", "unread_device_work"),
    }
)


@dataclass(frozen=True)
class Finding:
    """One trap that is in a trace. `count` events, the first or worst as `example`."""

    trap: str
    count: int
    example: str | None
    consequence: str
    advice: str


@dataclass(frozen=True)
class Diagnosis:
    """All that is known of one file's soundness.

    `supports` gives for each metric None, or the reason why this trace can't support it; `doubts`
    the reasons why shares of its time can't be trusted. `error` is set if it can't be read at all.
    """

    path: str
    format: str
    event_count: int = 0
    findings: tuple[Finding, ...] = ()
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
    """Examine files, run folders or globs, one after the other; `done` is told each at once.

    Raises UserError if a path is wrong. A file that can't be read gives a diagnosis that says so.
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
            given = replace(trace, trace_id=1, sha256="-")
            path = scratch.build(given, Path(folder) / "trace", attributed=False).path
        except UserError as error:
            return replace(blank, error=str(error))
        except (duckdb.Error, OSError) as error:
            return replace(blank, error=f"{trace.path}: {str(error).splitlines()[0]}")
        with connect(path, read_only=True) as con:
            return _diagnosis(con, blank)


def _diagnosis(con: duckdb.DuckDBPyConnection, blank: Diagnosis) -> Diagnosis:
    rows = con.table("anomaly").order("kind").fetchall()
    findings = tuple(
        Finding(kind, count, example, consequence, ADVICE.get(kind, "nothing to change"))
        for _, kind, count, _, example, consequence in rows
    )
    has = _contents(con)
    return replace(
        blank,
        event_count=has["event_count"],
        findings=findings,
        supports={
            metric.name: _reason(NEEDS.get(metric.name, ()), has) for metric in load_layer("metric")
        },
        doubts=tuple(_doubts({f.trap: f for f in findings}, has)),
    )


def _contents(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What there is in the trace that metrics need."""
    trace = con.table("trace")
    kernels = con.table("kernel")
    calls = con.table("runtime_call").project("process_id, correlation_id").set_alias("call")
    # correlations repeat across processes; not every trace says whose a kernel is
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
            need: any(
                con.table(table).filter(condition).limit(1).fetchall()
                for table, condition in places
            )
            for need, places in FOUND_IN.items()
        },
        "unlinked_frac": 1 - _number(linked.sum("dur_ns")) / total if total else 0.0,
    }


def _number(aggregate: duckdb.DuckDBPyRelation) -> int:
    return int(aggregate.fetchall()[0][0] or 0)


def _reason(needs: tuple[str, ...], has: Mapping[str, Any]) -> str | None:
    return next((REASONS[need] for need in needs if not has.get(need)), None)


def _doubts(findings: Mapping[str, Finding], has: Mapping[str, Any]) -> Iterable[str]:
    for trap in sorted(_RUINOUS & findings.keys()):
        yield f"{trap}: {findings[trap].consequence}"
    if "no_kernel" in findings:
        yield f"no_kernel: {findings['no_kernel'].consequence}"
    elif not has["kernel"] and not has["operator"]:
        yield "nothing in it is work: neither kernels nor operators"
    elif not has["kernel"] and "device_events_of_others" in findings:
        yield f"device_events_of_others: {findings['device_events_of_others'].consequence}"
    if has["operator"] and has["unlinked_frac"] > MOST_UNLINKED:
        yield f"unlinked_kernel: {has['unlinked_frac']:.1%} of kernel time has no launch"
    untimed = [findings[trap] for trap in ("no_timestamp", "zero_time") if trap in findings]
    if sum(found.count for found in untimed) > MOST_LOST * max(has["event_count"], 1):
        yield from (
            f"{found.trap}: {found.count} of {has['event_count']} events" for found in untimed
        )
    if has["skipped_count"] > MOST_LOST * max(has["event_count"], 1):
        yield f"{has['skipped_count']} of {has['event_count']} events are lost"
