"""The options and arguments of the commands, each with its help. Nothing heavy is imported here."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

STUDY = Path("study.duckdb")
TRACES = Path("traces")
_LAST_PORT = 65535


def _is_port(_: type, number: int) -> None:
    """Refuse a number that isn't a port: the system would take a larger number without its upper bits."""
    if not 0 <= number <= _LAST_PORT:
        raise ValueError(f"A port is a number from 0 to {_LAST_PORT}")


# the study, and what to query
Db = Annotated[Path, Parameter(name=["--db"], help="The study, a DuckDB file.")]
Trace = Annotated[
    str | None,
    Parameter(name="--trace", help="Use only traces whose name or path matches this glob."),
]
Queries = Annotated[
    tuple[Path, ...],
    Parameter(name="--queries", negative=(), help="Folder with your own .sql files; repeatable."),
]
AllowFiles = Annotated[
    bool,
    Parameter(negative=(), help="Let the statement read and write files, also with COPY."),
]
Query = Annotated[
    str, Parameter(help="A query from `genscope queries`, or one of your own in --queries.")
]
Plotted = Annotated[str, Parameter(help="A query from `genscope queries`; most have a plot.")]
Params = Annotated[tuple[str, ...], Parameter(negative=(), help="name=value; repeatable.")]
Statement = Annotated[
    str, Parameter(help="One SELECT in quotes over the study's tables and queries.")
]
First = Annotated[
    str, Parameter(help="Name of the first trace, or a glob; matching traces are added up.")
]
Second = Annotated[str, Parameter(help="Name of the second trace, or a glob.")]
By = Annotated[
    Literal["component", "class", "module", "operator", "kernel", "shape", "step"] | None,
    Parameter(help="What to compare; times of several traces a side are then medians."),
]
FailAbove = Annotated[
    str | None,
    Parameter(help="Exit with 1 if a part of 1 % or more became slower by more, such as 3%."),
]
Floor = Annotated[str, Parameter(help="Smallest difference that counts, such as 0.1ms or 50us.")]
CompareFormat = Annotated[
    Literal["table", "csv", "json", "parquet", "markdown", "junit"],
    Parameter(
        help="Format of the rows; markdown for a pull request, junit for a CI; parquet needs --out."
    ),
]

# the form of an answer
Format = Annotated[
    Literal["table", "csv", "json", "parquet"],
    Parameter(help="Format of the rows; parquet needs --out."),
]
Out = Annotated[
    Path | None,
    Parameter(name="--out", help="File to write instead of printing."),
]
Wide = Annotated[
    bool,
    Parameter(
        name="--wide",
        negative=(),
        help="Print all columns in a terminal, not only those that fit.",
    ),
]
Picture = Annotated[
    Path, Parameter(help="File to write; the format follows its extension: .html, .png or .svg.")
]
Page = Annotated[
    Path, Parameter(help="File to write; an existing file is replaced once the report is complete.")
]

# what to load
Paths = Annotated[
    Path, Parameter(help="Trace files, run folders, folders of those, or globs in quotes.")
]
Python = Annotated[
    bool, Parameter(negative=(), help="Also load Python frames, such as of nn.Module calls.")
]
Arguments = Annotated[bool, Parameter(negative=(), help="Also keep all arguments of every event.")]
Jobs = Annotated[int, Parameter(help="Number of files read at the same time.")]
Rules = Annotated[
    Path,
    Parameter(
        help="CSV with the columns pattern (a regular expression on kernel names) and category."
    ),
]
Table = Annotated[
    Literal["fleet_job", "published_model", "user_label_rule", "power_sample", "power"],
    Parameter(help="The table to load; power is a log of nvidia-smi or DCGM."),
]
Rows = Annotated[Path, Parameter(help="CSV with the table's columns; missing columns are NULL.")]
LogTrace = Annotated[
    str | None, Parameter(help="Name of the trace a log of power is of; default: any of its time.")
]
UtcOffset = Annotated[
    str | None, Parameter(help="Offset from UTC of that log's clock, such as +02:00; default: UTC.")
]
DoctorFormat = Annotated[
    Literal["table", "json"], Parameter(help="table for people, json for programs.")
]
Performance = Annotated[
    bool,
    Parameter(negative=(), help="Say what limits each trace and what each fix would save."),
]
Repair = Annotated[
    Path | None,
    Parameter(
        help="Also write a repaired copy of the trace; .gz compresses it. One Kineto trace only."
    ),
]
Port = Annotated[
    int,
    Parameter(
        validator=_is_port, help="Port on this machine for the browser; 0 takes any that is free."
    ),
]
Viewed = Annotated[
    Path,
    Parameter(help="A study, or trace files, run folders, folders of those, or globs in quotes."),
]
Browser = Annotated[bool, Parameter(help="Open the browser, not only print the address.")]

# a lake, and who works on it
Addresses = Annotated[
    str,
    Parameter(
        help="Traces, run folders or globs in quotes; also addresses such as s3://bucket/runs/**."
    ),
]
Lake = Annotated[str, Parameter(help="The lake: a folder, or an address such as s3://bucket/lake.")]
Lakes = Annotated[str, Parameter(help="Lakes to read.")]
Into = Annotated[str, Parameter(help="The lake to add to; it is created if it is missing.")]
Scheduler = Annotated[
    str | None, Parameter(help="Address of a Dask scheduler, such as tcp://10.0.0.1:8786.")
]
Workers = Annotated[
    int | None,
    Parameter(help="Number of processes on this machine; without it, this process works alone."),
]
Shard = Annotated[
    str, Parameter(help="Load only the ith of n shares, as i/n: for an array of jobs.")
]
RankStatement = Annotated[str, Parameter(help="One SELECT, run for each trace alone.")]
MergeStatement = Annotated[
    str | None,
    Parameter(help="One SELECT over the table `part`, which holds the rows of all traces."),
]

# what agents use
Transport = Annotated[
    Literal["stdio", "http"],
    Parameter(
        help="stdio for a program that starts genscope; http for an address of this machine."
    ),
]
Described = Annotated[
    str,
    Parameter(help="A query, a table or view of a study, or doctor; compare is trace_comparison."),
]
AgentPort = Annotated[int, Parameter(validator=_is_port, help="Port for http; 0 takes a free one.")]

# what to write for other tools
ExportedTrace = Annotated[
    str | None,
    Parameter(
        help="A trace of the study by name, by default its only one, or a trace file, which needs no study."
    ),
]
From = Annotated[
    str | None,
    Parameter(
        name="--from", help="Leave out what ends earlier, such as 120ms after the first event."
    ),
]
To = Annotated[
    str | None,
    Parameter(name="--to", help="Leave out what starts later, such as 1.5s after the first event."),
]
Relation = Annotated[str, Parameter(help="A table, view or query; the default is every table.")]
Folder = Annotated[Path, Parameter(help="Folder for the files.")]
NewTrace = Annotated[
    Path, Parameter(help="File to write, which must not exist; .gz compresses it.")
]

# what to capture
Model = Annotated[
    str,
    Parameter(
        help="A model from `genscope models`, with a variant if it has several (llama:3.1-8b), or your "
        "own function (path/to/script.py:function) that returns a model and one step of it."
    ),
]
Profiler = Annotated[
    Literal["torch", "dry", "nsys", "ncu"],
    Parameter(help="torch, nsys and ncu measure; dry predicts times without running the model."),
]
Attention = Annotated[
    str | None,
    Parameter(help="baseline, math, flash (the default), efficient, cudnn, flash-attn or fa4."),
]
Size = Annotated[
    Literal["tiny", "paper"] | None,
    Parameter(
        help="paper for the published dimensions, tiny for a model that any machine can run. The "
        "default is paper for dry captures and tiny for all others."
    ),
]
Family = Annotated[
    Literal["paper", "seeds"],
    Parameter(help="paper: its eight models; seeds: training and adaptation steps, every variant."),
]
SuiteSize = Annotated[
    Literal["tiny", "paper"],
    Parameter(help="paper for the published dimensions, tiny for models that any machine can run."),
]
ImageSize = Annotated[
    int | None, Parameter(help="Side of the image in pixels; the default depends on the model.")
]
Frames = Annotated[
    int | None, Parameter(help="Frames of the video; the default depends on the model.")
]
Steps = Annotated[
    int, Parameter(help="Number of steady-state steps to profile, spread evenly over the request.")
]
Batch = Annotated[
    int | None,
    Parameter(help="Number of requests that run at the same time; default 1, or a paper's batch."),
]
Numbers = Annotated[
    tuple[str, ...],
    Parameter(
        name="--set",
        negative=(),
        help="A number of the workload's own, such as rounds=5; repeatable.",
    ),
]
Dtype = Annotated[
    str | None,
    Parameter(
        help="Type of weights and activations, such as float16; the default depends on the model."
    ),
]
Device = Annotated[
    str | None,
    Parameter(help="cpu or cuda; for dry captures, the device to predict for, such as a100."),
]
PredictedDevice = Annotated[
    str, Parameter(help="The device to predict for, such as h200; an unknown one prints them all.")
]
DryRun = Annotated[Path, Parameter(help="Run folder of a dry capture.")]
RunsIn = Annotated[Path, Parameter(help="Folder for the run folders.")]
ExampleIn = Annotated[Path, Parameter(help="Folder to copy to.")]
