"""Commands that fill and check a study: example, ingest, doctor, check, classify, load."""

from __future__ import annotations

from pathlib import Path

from genscope import open
from genscope.cli import options
from genscope.errors import UserError


def example(*, out: options.ExampleIn = Path("example")) -> None:
    """Copy two small example captures into a folder and print their paths."""
    from genscope.cli.example import copy_example

    print(*copy_example(out), sep="\n")


def ingest(
    *paths: options.Paths,
    db: options.Db = options.STUDY,
    python: options.Python = False,
    args: options.Arguments = False,
    jobs: options.Jobs = 2,
) -> int:
    """Load traces into a study, except those already in it. Exits with 1 if any file failed."""
    from genscope.cli.loading import prepare_to_load

    # before NumPy is imported
    prepare_to_load()
    from genscope.cli.ingest import ingest_with_progress

    return ingest_with_progress(db, paths, python=python, args=args, jobs=jobs)


def doctor(
    *paths: options.Paths,
    performance: options.Performance = False,
    format: options.DoctorFormat = "table",
    repair: options.Repair = None,
) -> int:
    """Diagnose traces. Exits with 1 if any trace's shares can't be trusted.

    With --performance, say what limits each trace instead, and what each fix would save.
    """
    from genscope.cli.loading import prepare_to_load

    prepare_to_load()
    if performance:
        from genscope.cli.performance import print_performance

        if repair is not None:
            raise UserError("--repair and --performance exclude each other; use one at a time")
        return print_performance(paths, format)
    from genscope.cli.doctor import examine_and_print

    return int(examine_and_print(paths, format, repair))


def check(
    *,
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    format: options.Format = "table",
    wide: options.Wide = False,
) -> int:
    """Compare traces with the numbers that their manifests expect. Exits with 1 if one doesn't hold."""
    from genscope.cli.output import print_line
    from genscope.cli.query import write_answer

    with open(db) as study:
        found = study.rows("expectation", trace=trace)
        write_answer(study, "expectation", trace=trace, params={}, fmt=format, wide=wide)
    holds = [row[found.columns.index("holds")] for row in found.values]
    if format == "table":
        unknown = f", {holds.count(None)} are not in the trace" if None in holds else ""
        print_line(f"{holds.count(True)} of {len(holds)} numbers hold{unknown}")
    if not holds:
        raise UserError("no trace expects a number; record one with expect=..., or choose others")
    return 1 if False in holds else 0


def classify(*, rules: options.Rules, db: options.Db = options.STUDY) -> None:
    """Classify a study again with your kernel rules ahead of the built-in ones."""
    with open(db) as study:
        study.classify(rules)


def load(
    table: options.Table,
    csv: options.Rows,
    *,
    trace: options.LogTrace = None,
    utc_offset: options.UtcOffset = None,
    db: options.Db = options.STUDY,
) -> None:
    """Load a table that no trace fills from a CSV, or a log of power, replacing its rows."""
    with open(db) as study:
        study.load_table(table, csv, trace=trace, utc_offset=utc_offset)


COMMANDS = (example, ingest, doctor, check, classify, load)
