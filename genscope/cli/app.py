"""The commands of `genscope`. Nothing heavy is imported here."""

from __future__ import annotations

import sys
from pathlib import Path

import cyclopts

from genscope import __version__, open
from genscope.cli import options

_HELP = "Where the time, the FLOPs and the memory of a generative model go."
app = cyclopts.App("genscope", version=__version__, help=_HELP, help_format="plaintext")
app.suppress_keyboard_interrupt = False  # main says that it was interrupted


@app.command
def models() -> None:
    """List the models that can be captured."""
    from genscope.capture.catalog import MODELS
    from genscope.cli.output import print_listed

    print_listed([(name, entry.summary) for name, entry in MODELS.items()])


@app.command
def queries() -> None:
    """List the queries, one sentence each."""
    from genscope.analyze.sql_file import shipped_queries
    from genscope.cli.output import print_listed

    print_listed([(file.name, file.summary) for file in shipped_queries()])


@app.command
def example(*, out: options.ExampleIn = Path("example")) -> None:
    """Copy two small captured runs, made for a first look, into a folder and print their paths."""
    from genscope.cli.example import copy_example

    print(*copy_example(out), sep="\n")


@app.command
def capture(  # noqa: PLR0913  one argument an option of the command
    model: options.Model,
    *,
    profiler: options.Profiler = "torch",
    attention: options.Attention = None,
    size: options.Size = None,
    image_size: options.ImageSize = None,
    frames: options.Frames = None,
    steps: options.Steps = 2,
    batch: options.Batch = 1,
    dtype: options.Dtype = None,
    device: options.Device = None,
    out: options.RunsIn = options.TRACES,
) -> None:
    """Run one model, at its published dimensions or tiny, and print its run folder's path."""
    from genscope.capture.script import ScriptRun, capture_script, is_script
    from genscope.capture.session import capture as run
    from genscope.capture.settings import Settings
    from genscope.cli.output import print_line

    scale = size or ("paper" if profiler == "dry" else "tiny")
    how = (attention or "flash", scale, image_size, frames, steps, batch, dtype, device)
    settings = Settings(model, profiler, *how)
    own = ScriptRun(steps, attention, out)
    print_line(capture_script(model, own, settings) if is_script(model) else run(settings, out))


@app.command
def suite(
    *,
    profiler: options.Profiler = "dry",
    size: options.SuiteSize = "paper",
    steps: options.Steps = 2,
    dtype: options.Dtype = None,
    device: options.Device = None,
    out: options.RunsIn = options.TRACES,
) -> int:
    """Run the paper's eight models, each with baseline and flash attention.

    Exits with 1 if any run failed.
    """
    from genscope.capture.settings import Settings
    from genscope.capture.suite import plan, summary
    from genscope.capture.suite import suite as run_all
    from genscope.cli.output import print_line

    base = Settings("llama", profiler, size=size, steps=steps, dtype=dtype, device=device)
    runs = run_all(
        plan(base),
        out,
        progress=lambda run: print_line(f"{run.seconds:6.1f} s  {run.folder or run.error}"),
    )
    print_line(summary(runs), keep="\n")
    return 1 if any(run.error for run in runs) else 0


@app.command
def ingest(
    *paths: options.Paths,
    db: options.Db = options.STUDY,
    python: options.Python = False,
    args: options.Arguments = False,
    jobs: options.Jobs = 2,
) -> int:
    """Load traces into a study; a file it already holds is skipped. Exits with 1 if any file failed."""
    from genscope.cli.ingest import ingest_with_progress

    return ingest_with_progress(db, paths, python=python, args=args, jobs=jobs)


@app.command
def classify(*, rules: options.Rules, db: options.Db = options.STUDY) -> None:
    """Apply your kernel rules ahead of the built-in ones and classify the study again."""
    with open(db) as study:
        study.classify(rules)


@app.command
def load(table: options.Table, csv: options.Rows, *, db: options.Db = options.STUDY) -> None:
    """Load fleet_job or published_model from a CSV, replacing its rows."""
    with open(db) as study:
        study.load_table(table, csv)


@app.command
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
    from genscope.cli.query import write_answer
    from genscope.errors import UserError

    wrong = [text for text in param if "=" not in text]
    if wrong:
        raise UserError(f"--param {wrong[0]!r} has no '='; write it as name=value")
    params = dict(text.split("=", 1) for text in param)
    with open(db, queries=queries) as study:
        write_answer(study, name, trace=trace, params=params, fmt=format, out=out, wide=wide)


@app.command
def sql(
    statement: options.Statement,
    *,
    db: options.Db = options.STUDY,
    format: options.Format = "table",
    wide: options.Wide = False,
    out: options.Out = None,
    allow_files: options.AllowFiles = False,
) -> None:
    """Run one SELECT of your own; it can neither change the study nor reach a file."""
    from genscope.cli.output import check_out, write_result

    check_out(format, out)
    with open(db, allow_files=allow_files) as study:
        write_result(study.sql(statement), format, out, wide=wide)


@app.command
def plot(
    name: options.Plotted,
    *,
    out: options.Picture,
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    queries: options.Queries = (),
) -> None:
    """Draw one query."""
    from genscope.analyze.plots.save import check_place, save_plot
    from genscope.cli.output import print_line

    check_place(out)
    with open(db, queries=queries) as study:
        print_line(save_plot(study.plot(name, trace=trace), out))


@app.command
def report(
    *,
    out: options.Page = Path("report.html"),
    db: options.Db = options.STUDY,
    trace: options.Trace = None,
    queries: options.Queries = (),
) -> None:
    """Write the report: one HTML file that opens without a network."""
    from genscope.cli.output import print_line

    with open(db, queries=queries) as study:
        print_line(study.report(out, trace=trace))


@app.command
def compare(
    first: options.First,
    second: options.Second,
    *,
    db: options.Db = options.STUDY,
    format: options.Format = "table",
    wide: options.Wide = False,
    out: options.Out = None,
) -> None:
    """Compare two traces by operator category: time in each, and the difference."""
    from genscope.cli.query import write_answer

    with open(db) as study:
        sides = {"first": first, "second": second}
        write_answer(study, "trace_comparison", params=sides, fmt=format, out=out, wide=wide)


@app.command
def doctor(
    *paths: options.Paths, format: options.DoctorFormat = "table", repair: options.Repair = None
) -> int:
    """Diagnose traces. Exits with 1 if any trace's shares can't be trusted."""
    from genscope.cli.doctor import examine_and_print

    return int(examine_and_print(paths, format, repair))


@app.command
def serve(*, db: options.Db = options.STUDY, port: options.Port = 5006) -> None:
    """Open a study in the browser; needs the extra `serve`."""
    from genscope.analyze.app.serve import serve_study
    from genscope.cli.output import print_line

    serve_study(db, port, started=lambda address: print_line(f"{address}  (Ctrl-C ends it)"))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 is success, 1 a failure, 2 a mistake of the user's."""
    from genscope.cli import standard_output
    from genscope.errors import UserError

    try:
        status = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        return standard_output.complain(str(error))
    except cyclopts.CycloptsError as error:
        return standard_output.complain(" ".join(str(error).split()) + "; see 'genscope --help'")
    except BrokenPipeError:  # whoever read our output has seen enough
        standard_output.drop_output()
        return 0
    except OSError as error:
        standard_output.drop_output()
        return standard_output.complain(standard_output.reason_of(error), status=1)
    except KeyboardInterrupt:
        return standard_output.complain("interrupted; nothing half-done is kept", status=130)
    return status if isinstance(status, int) else 0
