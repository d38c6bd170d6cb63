"""Commands for other tools: export perfetto, export parquet, augment."""

from __future__ import annotations

from cyclopts import App

from genscope import open
from genscope.cli import options

export = App("export", help="Write what a study knows for other tools: Perfetto, Parquet.")


@export.command
def perfetto(
    trace: options.ExportedTrace = None,
    *,
    db: options.Db = options.STUDY,
    start: options.From = None,
    end: options.To = None,
    out: options.Out = None,
) -> None:
    """Write a trace as Chrome JSON, with our lanes and facts, for ui.perfetto.dev or any copy of it."""
    from genscope.cli.export import export_perfetto

    export_perfetto(trace, db, start, end, out)


@export.command
def parquet(*names: options.Relation, out: options.Folder, db: options.Db = options.STUDY) -> None:
    """Write relations as Parquet files, by default every table of the study."""
    from genscope.analyze.export.parquet import write_parquet
    from genscope.cli.output import print_line

    with open(db, allow_files=True) as study:
        for path in write_parquet(study, out, names):
            print_line(path)


def augment(
    trace: options.ExportedTrace = None,
    *,
    out: options.NewTrace,
    db: options.Db = options.STUDY,
) -> None:
    """Copy a PyTorch trace, with category, component, step and attention kind in each kernel's arguments."""
    from genscope.cli.export import augment_trace

    augment_trace(trace, db, out)


COMMANDS = (export, augment)
