"""Show the progress of a load: a bar on a terminal, then one line per file and a summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.load import ingest
from genscope.analyze.printable import printable

if TYPE_CHECKING:
    from genscope.analyze.load.ingest import IngestResult


def ingest_with_progress(study: Path, paths: Sequence[str | Path], **options: Any) -> int:
    """Load `paths` into `study` and print one line per file; return 1 if any failed, else 0.

    `options` are those of genscope.analyze.load.ingest.ingest.
    """
    # a load multiplies no matrices, and each thread of OpenBLAS first spins for 0.1 s
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.stderr.isatty():
        results = _with_bar(study, paths, **options)
    else:
        results = ingest.ingest(study, list(paths), **options)
    for result in results:
        print(printable(_line(result)), file=sys.stderr if result.error else sys.stdout)
    failed = [result for result in results if result.status == "failed"]
    loaded = sum(result.status == "loaded" for result in results)
    skipped = sum(result.status == "duplicate" for result in results)
    print(
        f"{printable(study)}: {loaded} loaded, {skipped} skipped (already in the study), {len(failed)} failed"
    )
    return 1 if failed else 0


def _with_bar(study: Path, paths: Sequence[str | Path], **options: Any) -> list[IngestResult]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("loading"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return ingest.ingest(study, list(paths), progress=advance, **options)


def _line(result: IngestResult) -> str:
    if result.status == "failed":
        return f"failed     {result.error}"
    if result.status == "duplicate":
        return f"skipped    {result.path}: already in the study as {result.name}"
    cut = "" if result.complete else "; the file is cut short: 'genscope doctor' says where"
    return f"loaded     {result.name}: {result.event_count:,} events in {result.seconds:.1f} s{cut}"
