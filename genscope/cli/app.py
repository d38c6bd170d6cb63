"""The commands of `genscope`. Nothing heavy is imported here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
from cyclopts import Parameter

from genscope import __version__, open
from genscope.cli.options import STUDY, Db, Format, Queries, Trace

_HELP = "Where the time, the FLOPs and the memory of a generative model go."
app = cyclopts.App("genscope", version=__version__, help=_HELP, help_format="plaintext")


@app.command
def models() -> None:
    """List the models that can be captured."""
    from genscope.capture.catalog import MODELS
    from genscope.cli.output import print_listed

    print_listed([(name, entry.summary) for name, entry in MODELS.items()])


@app.command
def queries() -> None:
    """List the queries, one sentence each."""
    from genscope.analyze.study import shipped_queries
    from genscope.cli.output import print_listed

    print_listed([(file.name, file.summary) for file in shipped_queries()])


@app.command
def example(
    *, out: Annotated[Path, Parameter(help="Folder to copy to.")] = Path("example")
) -> None:
    """Copy two small captured runs, made for a first look, into a folder and print their paths."""
    from genscope.cli.example import copy_example

    print(*copy_example(out), sep="\n")


@app.command
def capture(  # noqa: PLR0913  one argument an option of the command
    model: str,
    *,
    profiler: Literal["torch", "dry", "nsys", "ncu"] = "torch",
    attention: str | None = None,
    size: Literal["tiny", "paper"] = "tiny",
    image_size: int | None = None,
    frames: int | None = None,
    steps: int = 2,
    batch: int = 1,
    dtype: str | None = None,
    device: str | None = None,
    out: Path = Path("traces"),
) -> None:
    """Run one model, at its published dimensions or tiny, and print its run folder's path.

    Parameters
    ----------
    model
        A name of `genscope models`, with a variant if it has some (llama:3.1-8b), or a function of
        your own (path/to/script.py:function) that returns a model and one step of it.
    attention
        baseline, math, flash (the default), efficient, cudnn, flash-attn or fa4.
    steps
        Steady-state steps to profile, spread evenly over the request.
    device
        cpu or cuda; for dry captures the device to predict for, such as a100.
    """
    from genscope.capture.script import ScriptRun, capture_script, is_script
    from genscope.capture.session import capture as run
    from genscope.capture.settings import Settings

    how = (attention or "flash", size, image_size, frames, steps, batch, dtype, device)
    settings = Settings(model, profiler, *how)
    own = ScriptRun(steps, attention, out)
    print(capture_script(model, own, settings) if is_script(model) else run(settings, out))


@app.command
def suite(
    *,
    profiler: Literal["torch", "dry", "nsys", "ncu"] = "dry",
    size: Literal["tiny", "paper"] = "paper",
    steps: int = 2,
    dtype: str | None = None,
    device: str | None = None,
    out: Path = Path("traces"),
) -> int:
    """Run the paper's eight models, each with baseline and flash attention; 1 if any failed."""
    from genscope.capture.settings import Settings
    from genscope.capture.suite import plan, summary
    from genscope.capture.suite import suite as run_all

    base = Settings("llama", profiler, size=size, steps=steps, dtype=dtype, device=device)
    runs = run_all(
        plan(base),
        out,
        progress=lambda run: print(f"{run.seconds:6.1f} s  {run.folder or run.error}"),
    )
    print(summary(runs))
    return 1 if any(run.error for run in runs) else 0


@app.command
def ingest(
    *paths: Path,
    db: Db = STUDY,
    python: Annotated[bool, Parameter(negative=(), help="Also load Python frames.")] = False,
    args: Annotated[bool, Parameter(negative=(), help="Also keep all arguments.")] = False,
    jobs: Annotated[int, Parameter(help="Files read at the same time.")] = 2,
) -> int:
    """Load trace files, run folders or globs into a study; a file it already holds is skipped."""
    from genscope.cli.ingest import ingest_with_progress

    return ingest_with_progress(db, paths, python=python, args=args, jobs=jobs)


@app.command
def classify(*, rules: Path, db: Db = STUDY) -> None:
    """Put your own kernel rules, a CSV of pattern and category, before ours and redo the classes."""
    with open(db) as study:
        study.classify(rules)


@app.command
def load(table: Literal["fleet_job", "published_model"], csv: Path, *, db: Db = STUDY) -> None:
    """Fill a table that no trace has from your own CSV, in place of what it held."""
    with open(db) as study:
        study.load_table(table, csv)


@app.command
def query(
    name: str,
    *,
    db: Db = STUDY,
    trace: Trace = None,
    param: Annotated[tuple[str, ...], Parameter(negative=(), help="name=value; repeatable.")] = (),
    queries: Queries = (),
    format: Format = "table",
    out: Path | None = None,
) -> None:
    """Run one query and print its rows."""
    from genscope.cli.query import write_answer
    from genscope.errors import UserError

    wrong = [text for text in param if "=" not in text]
    if wrong:
        raise UserError(f"found --param {wrong[0]!r}; expected name=value")
    params = dict(text.split("=", 1) for text in param)
    with open(db, queries=queries) as study:
        write_answer(study, name, trace=trace, params=params, fmt=format, out=out)


@app.command
def sql(
    statement: str,
    *,
    db: Db = STUDY,
    format: Format = "table",
    out: Path | None = None,
) -> None:
    """Run a SELECT of your own; the study is open read-only."""
    from genscope.cli.output import write_result

    with open(db) as study:
        write_result(study.sql(statement), format, out)


@app.command
def plot(
    name: str,
    *,
    out: Path,
    db: Db = STUDY,
    trace: Trace = None,
    queries: Queries = (),
) -> None:
    """Draw one query as .html, .png or .svg, told by the ending of --out."""
    from genscope.analyze.plots.save import save_plot

    with open(db, queries=queries) as study:
        print(save_plot(study.plot(name, trace=trace), out))


@app.command
def report(
    *,
    out: Path = Path("report.html"),
    db: Db = STUDY,
    trace: Trace = None,
    queries: Queries = (),
) -> None:
    """Write the report: one HTML file that opens without a network."""
    with open(db, queries=queries) as study:
        print(study.report(out, trace=trace))


@app.command
def compare(
    a: str,
    b: str,
    *,
    db: Db = STUDY,
    format: Format = "table",
    out: Path | None = None,
) -> None:
    """Set two traces side by side, class by class: time before, after, and the difference."""
    from genscope.cli.output import write_result

    with open(db) as study:
        write_result(study.query("trace_comparison", params={"a": a, "b": b}), format, out)


@app.command
def doctor(
    *paths: Path, format: Literal["table", "json"] = "table", repair: Path | None = None
) -> int:
    """Say what is wrong with a trace, and what that costs; status 1 if it can't be trusted for shares."""
    from genscope.cli.doctor import examine_and_print

    return int(examine_and_print(paths, format, repair))


@app.command
def serve(*, db: Db = STUDY, port: int = 5006) -> None:
    """Look at a study in the browser; needs the extra `serve`."""
    from genscope.analyze.app.serve import serve_study

    serve_study(db, port)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 is success, 1 a failure, 2 a mistake of the user's."""
    from genscope.errors import UserError

    try:
        status = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except UserError as error:
        return _complain(str(error))
    except cyclopts.CycloptsError as error:
        return _complain(" ".join(str(error).split()) + "; see 'genscope --help'")
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stdout = None
        return 0
    except KeyboardInterrupt:
        return _complain("interrupted; nothing half-done is kept", status=130)
    return status if isinstance(status, int) else 0


def _complain(message: str, *, status: int = 2) -> int:
    sys.stderr.write(f"genscope: {message}\n")
    return status
