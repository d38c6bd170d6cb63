"""The `genscope doctor` command: print the diagnoses as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from genscope.analyze.doctor.examine import Diagnosis, examine
from genscope.analyze.load.trace_file import find
from genscope.analyze.printable import printable
from genscope.analyze.whole_file import check_writable
from genscope.cli.output import print_line
from genscope.errors import UserError


def examine_and_print(paths: Sequence[Path], fmt: str, repair_to: Path | None) -> int:
    """Examine `paths`, print the anomalies as 'table' or 'json', and write a repaired copy if asked.

    Returns 1 if any trace can't be trusted for shares, else 0.
    """
    damaged = None if repair_to is None else _one_to_repair(paths, repair_to)
    show = None if fmt == "json" else _print
    found = examine(paths, done=show)
    if fmt == "json":
        print(json.dumps([diagnosis.to_json() for diagnosis in found], indent=2))
    if damaged is not None and repair_to is not None:
        from genscope.analyze.readers.kineto.repair_file import repair

        done = repair(damaged, repair_to)
        counts = f"{done.repaired:,} events repaired, {done.skipped:,} left out"
        print(f"{printable(repair_to)}: {counts}", file=sys.stderr)
    return 0 if all(diagnosis.trustworthy for diagnosis in found) else 1


def _one_to_repair(paths: Sequence[Path], repair_to: Path) -> Path:
    """The one Kineto trace that the paths, such as a run folder, name."""
    check_writable(repair_to)
    traces = find(paths)
    if len(traces) != 1:
        raise UserError(f"--repair takes one trace, but there are {len(traces)}; name one file")
    if traces[0].format != "kineto":
        raise UserError(f"{traces[0].path}: only a Kineto trace (.json, .json.gz) can be repaired")
    return traces[0].path


def _print(diagnosis: Diagnosis) -> None:
    print_line(f"{diagnosis.path} ({diagnosis.format}, {diagnosis.event_count:,} events)")
    if diagnosis.error:
        print_line(f"  can't be read: {diagnosis.error}")
        print()
        return
    for anomaly in diagnosis.anomalies:
        example = f"  e.g. {anomaly.example}" if anomaly.example else ""
        print_line(f"  {anomaly.kind}: {anomaly.count:,}{example}")
        print_line(f"    effect: {anomaly.consequence}")
        print_line(f"    advice: {anomaly.advice or 'none, nothing needs to change'}")
    for reason, metrics in _unsupported(diagnosis).items():
        print_line(f"  no {', '.join(metrics)}: {reason}")
    verdict = "shares can be trusted" if diagnosis.trustworthy else "shares can't be trusted"
    print_line("  " + "; ".join([verdict, *diagnosis.doubts]))
    print(flush=True)


def _unsupported(diagnosis: Diagnosis) -> dict[str, list[str]]:
    """The metrics that the trace can't support, by reason."""
    found: dict[str, list[str]] = {}
    for metric, reason in sorted((diagnosis.supports or {}).items()):
        if reason:
            found.setdefault(reason, []).append(metric)
    return found
