"""Commands for thousands of traces: fleet ingest, query, sql, report, failures, merge."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from genscope.cli import options

fleet = App(
    "fleet", help="The same over thousands of traces: a lake, filled and asked by many processes."
)


@fleet.command
def ingest(
    *paths: options.Addresses,
    lake: options.Lake,
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
    shard: options.Shard = "1/1",
) -> int:
    """Load traces into a lake, except those already in it. Exits with 1 if any failed."""
    from genscope.cli.fleet import ingest_with_progress

    return ingest_with_progress(lake, paths, scheduler, workers, shard)


@fleet.command
def query(
    name: options.Query,
    *,
    lake: options.Lake,
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
    trace: options.Trace = None,
    param: options.Params = (),
    format: options.Format = "table",
    out: options.Out = None,
) -> None:
    """Run one query over all traces of a lake and print its rows."""
    from genscope.analyze.fleet.question import metric
    from genscope.analyze.fleet.question import query as ask
    from genscope.analyze.fleet.runner import runner
    from genscope.analyze.key_columns import key_columns
    from genscope.cli.fleet import write_fleet_answer
    from genscope.cli.output import check_out
    from genscope.cli.params import parsed

    check_out(format, out)
    params = parsed(param)
    with runner(scheduler, workers) as run:
        answer = ask(lake, name, trace=trace, params=params, run=run)
    key = key_columns(metric(name), answer.frame.columns)
    write_fleet_answer(answer, format, out, key=key)


@fleet.command
def sql(
    *,
    rank: options.RankStatement,
    lake: options.Lake,
    merge: options.MergeStatement = None,
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
    trace: options.Trace = None,
    format: options.Format = "table",
    out: options.Out = None,
) -> None:
    """Run one SELECT over each trace of a lake, and another one over all of their rows."""
    from genscope.analyze.fleet.question import sql as ask
    from genscope.analyze.fleet.runner import runner
    from genscope.cli.fleet import write_fleet_answer
    from genscope.cli.output import check_out

    check_out(format, out)
    with runner(scheduler, workers) as run:
        answer = ask(lake, rank, merge, trace=trace, run=run)
    write_fleet_answer(answer, format, out)


@fleet.command
def failures(
    *, lake: options.Lake, format: options.Format = "table", out: options.Out = None
) -> None:
    """Print the traces that could not be loaded, and why."""
    from genscope.analyze.fleet.question import failures as failed
    from genscope.cli.output import check_out, write_result

    check_out(format, out)
    write_result(failed(lake), format, out, shows_all="--format csv")


@fleet.command
def report(
    *,
    lake: options.Lake,
    out: options.Page = Path("fleet.html"),
    scheduler: options.Scheduler = None,
    workers: options.Workers = None,
) -> None:
    """Write one HTML page that says which traces of each job to look at, and why."""
    from genscope.analyze.fleet.page import write_page
    from genscope.analyze.fleet.runner import runner
    from genscope.cli.output import print_line

    with runner(scheduler, workers) as run:
        print_line(write_page(lake, out, run=run))


@fleet.command
def merge(*lakes: options.Lakes, into: options.Into) -> None:
    """Add the traces of some lakes to another one."""
    from genscope.analyze.fleet.ingest import merge as add
    from genscope.cli.output import print_line

    print_line(f"{into}: {add(lakes, into):,} traces added")


COMMANDS = (fleet,)
