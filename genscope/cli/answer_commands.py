"""Commands that answer: queries, query, sql, compare, plot, report."""

from __future__ import annotations

from pathlib import Path

from genscope import open
from genscope.cli import options


def queries() -> None:
    """List the queries with a sentence each."""
    from genscope.analyze.sql_file import shipped_queries
    from genscope.cli.output import print_listed

    print_listed([(file.name, file.summary) for file in shipped_queries()])


def query(
    name: options.Query,
    *,
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    param: options.Params = (),
    queries: options.Queries = (),
    format: options.Format = "table",
    wide: options.Wide = False,
    out: options.Out = None,
) -> None:
    """Run one query and print its rows."""
    from genscope.cli.params import parsed
    from genscope.cli.query import write_answer

    params = parsed(param)
    with open(db, queries=queries) as study:
        write_answer(study, name, trace=trace, params=params, fmt=format, out=out, wide=wide)


def sql(
    statement: options.Statement,
    *,
    db: options.Db = options.STUDY,
    format: options.Format = "table",
    wide: options.Wide = False,
    out: options.Out = None,
    allow_files: options.AllowFiles = False,
) -> None:
    """Run your own SELECT, which can't change the study or access files."""
    from genscope.analyze.predicted import notes_of_statement
    from genscope.cli.output import check_out, print_notes, write_result

    check_out(format, out)
    with open(db, allow_files=allow_files) as study:
        frame = study.sql(statement)
        write_result(frame, format, out, wide=wide)
        print_notes("sql", notes_of_statement(frame, study.traces()))


def compare(  # noqa: PLR0913  one argument an option of the command
    a: options.First,
    b: options.Second,
    *,
    db: options.Db = options.STUDY,
    by: options.By = None,
    fail_above: options.FailAbove = None,
    floor: options.Floor = "0.1ms",
    format: options.CompareFormat = "table",
    wide: options.Wide = False,
    out: options.Out = None,
) -> int:
    """Compare the time of two traces, or of several a side, by operator category or by --by.

    With --fail-above, exits with 1 if a part became slower, or with 2 if the sides can't be compared.
    """
    from genscope.analyze.comparable import refusal
    from genscope.cli.compare import Gate, fraction_of, nanoseconds_of, write_comparison
    from genscope.cli.query import write_answer

    is_gate = by is not None or fail_above is not None
    # two comparisons, because mypy narrows the type by each
    if not is_gate and format != "markdown" and format != "junit":  # noqa: PLR1714
        with open(db) as study:
            sides = {"first": a, "second": b}
            refused = refusal(study, a, b)
            write_answer(
                study,
                "trace_comparison",
                params=sides,
                fmt=format,
                out=out,
                wide=wide,
                warnings=[f"--fail-above refuses this comparison: {refused}"] if refused else [],
            )
        return 0
    gate = Gate(
        level=by or "component",
        tolerance_frac=fraction_of(fail_above or "5%"),
        floor_ns=nanoseconds_of(floor),
        fails=fail_above is not None,
    )
    with open(db) as study:
        return write_comparison(study, a, b, gate=gate, fmt=format, out=out, wide=wide)


def plot(
    name: options.Plotted,
    *,
    out: options.Picture,
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    queries: options.Queries = (),
) -> None:
    """Draw the plot of one query."""
    import polars as pl

    from genscope.analyze.plots.save import check_place, save_plot
    from genscope.analyze.predicted import NOTE
    from genscope.cli.output import print_line, print_notes

    check_place(out)
    with open(db, queries=queries) as study:
        print_line(save_plot(study.plot(name, trace=trace), out))
        drawn = study.traces().filter(pl.col("trace_id").is_in([*study.names(trace)]))
        print_notes(name, [NOTE] if drawn["predicted"].any() else [])


def report(
    *,
    out: options.Page = Path("report.html"),
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    queries: options.Queries = (),
) -> None:
    """Write the report: one HTML file that needs no network."""
    from genscope.cli.output import print_line

    with open(db, queries=queries) as study:
        print_line(study.report(out, trace=trace))


COMMANDS = (queries, query, sql, compare, plot, report)
