"""The `genscope doctor` command: print what examine found, for a person or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from genscope.analyze.doctor.examine import Diagnosis, examine
from genscope.analyze.printable import printable
from genscope.cli.output import print_line
from genscope.errors import UserError


def examine_and_print(paths: Sequence[Path], fmt: str, repair_to: Path | None) -> int:
    """Examine `paths`, print the findings as 'table' or 'json', and write the clean copy if asked.

    Returns 1 if any trace can't be trusted for shares, else 0.
    """
    if repair_to is not None and len(paths) != 1:
        raise UserError(f"found {len(paths)} paths with --repair; expected the one file to repair")
    told = None if fmt == "json" else _print
    found = examine(paths, done=told)
    if fmt == "json":
        print(json.dumps([diagnosis.to_json() for diagnosis in found], indent=2))
    if repair_to is not None:
        from genscope.analyze.readers.kineto.repair_file import repair

        mended = repair(paths[0], repair_to)
        counts = f"{mended.repaired} events mended, {mended.skipped} left out"
        print(f"{printable(repair_to)}: {counts}", file=sys.stderr)
    return 0 if all(diagnosis.trustworthy for diagnosis in found) else 1


def _print(diagnosis: Diagnosis) -> None:
    print_line(f"{diagnosis.path} ({diagnosis.format}, {diagnosis.event_count:,} events)")
    if diagnosis.error:
        print_line(f"  cannot be read: {diagnosis.error}")
        print()
        return
    for finding in diagnosis.findings:
        example = f"  e.g. {finding.example}" if finding.example else ""
        print_line(f"  {finding.trap}: {finding.count:,}{example}")
        print_line(f"    means: {finding.consequence}")
        print_line(f"    do:    {finding.advice}")
    for metric, reason in sorted((diagnosis.supports or {}).items()):
        if reason:
            print_line(f"  no {metric}: {reason}")
    verdict = "shares can be trusted" if diagnosis.trustworthy else "shares can't be trusted"
    print_line("  " + "; ".join([verdict, *diagnosis.doubts]))
    print(flush=True)
