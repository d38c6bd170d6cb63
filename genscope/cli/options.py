"""The options and arguments of the commands, each with its help; nothing heavy is imported here."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

STUDY = Path("study.duckdb")
TRACES = Path("traces")

# a study, and what is asked of it
Db = Annotated[Path, Parameter(name=["--db"], help="The study, one DuckDB file.")]
Trace = Annotated[str | None, Parameter(name="--trace", help="Glob on a trace's name or path.")]
Queries = Annotated[
    tuple[Path, ...],
    Parameter(
        name="--queries", negative=(), help="Folder with .sql files of your own; repeatable."
    ),
]
AllowFiles = Annotated[
    bool,
    Parameter(negative=(), help="Let the statement read and write files; COPY too."),
]
Query = Annotated[
    str, Parameter(help="A name of `genscope queries`, or of a query of your own in --queries.")
]
Plotted = Annotated[str, Parameter(help="A name of `genscope queries`; most of them have a plot.")]
Params = Annotated[tuple[str, ...], Parameter(negative=(), help="name=value; repeatable.")]
Statement = Annotated[
    str, Parameter(help="One SELECT, in quotes, over the study's tables and queries.")
]
First = Annotated[
    str, Parameter(help="The first trace's name, or a glob; all that match are added up.")
]
Second = Annotated[str, Parameter(help="The second trace's name, or a glob.")]

# how an answer is written
Format = Annotated[
    Literal["table", "csv", "json", "parquet"],
    Parameter(help="How rows are written; parquet needs --out."),
]
Out = Annotated[
    Path | None,
    Parameter(name="--out", help="Write a file, whole or not at all, instead of printing."),
]
Wide = Annotated[
    bool,
    Parameter(
        name="--wide",
        negative=(),
        help="Print all columns in a terminal, not only those that fit. Pipes and files get all.",
    ),
]
Picture = Annotated[
    Path, Parameter(help="File to write; the format follows its extension: .html, .png or .svg.")
]
Page = Annotated[
    Path, Parameter(help="File to write; an earlier one is replaced once the report is complete.")
]

# what is loaded
Paths = Annotated[
    Path, Parameter(help="Trace files, run folders, folders of them, or globs in quotes.")
]
Python = Annotated[bool, Parameter(negative=(), help="Also load Python frames.")]
Arguments = Annotated[bool, Parameter(negative=(), help="Also keep all arguments.")]
Jobs = Annotated[int, Parameter(help="Files read at the same time.")]
Rules = Annotated[
    Path,
    Parameter(help="A CSV of pattern (a regular expression on kernel names) and category."),
]
Table = Annotated[Literal["fleet_job", "published_model"], Parameter(help="The table to fill.")]
Rows = Annotated[Path, Parameter(help="A CSV with the table's columns; those it lacks are NULL.")]
DoctorFormat = Annotated[
    Literal["table", "json"], Parameter(help="table for a person, json for a program.")
]
Repair = Annotated[
    Path | None,
    Parameter(help="Also write a repaired copy of the one Kineto trace examined; .gz packs it."),
]
Port = Annotated[int, Parameter(help="Port on this machine that the browser connects to.")]

# what is captured
Model = Annotated[
    str,
    Parameter(
        help="A name of `genscope models`, with a variant if it has some (llama:3.1-8b), or a "
        "function of your own (path/to/script.py:function) that returns a model and one step of it."
    ),
]
Profiler = Annotated[
    Literal["torch", "dry", "nsys", "ncu"],
    Parameter(help="torch, nsys or ncu measure; dry predicts times without running the model."),
]
Attention = Annotated[
    str | None,
    Parameter(help="baseline, math, flash (the default), efficient, cudnn, flash-attn or fa4."),
]
Size = Annotated[
    Literal["tiny", "paper"] | None,
    Parameter(
        help="paper for the published dimensions, tiny for a model that any machine runs; dry "
        "captures default to paper, all others to tiny."
    ),
]
SuiteSize = Annotated[
    Literal["tiny", "paper"],
    Parameter(help="paper for the published dimensions, tiny for models that any machine runs."),
]
ImageSize = Annotated[
    int | None, Parameter(help="Side of the image in pixels; the default is the model's own.")
]
Frames = Annotated[
    int | None, Parameter(help="Frames of the video; the default is the model's own.")
]
Steps = Annotated[
    int, Parameter(help="Steady-state steps to profile, spread evenly over the request.")
]
Batch = Annotated[int, Parameter(help="Requests that run at the same time.")]
Dtype = Annotated[
    str | None,
    Parameter(help="Type of weights and activations, as float16; the default is the model's own."),
]
Device = Annotated[
    str | None,
    Parameter(help="cpu or cuda; for dry captures the device to predict for, such as a100."),
]
RunsIn = Annotated[Path, Parameter(help="Folder that run folders are made in.")]
ExampleIn = Annotated[Path, Parameter(help="Folder to copy to.")]
