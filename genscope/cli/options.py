"""Options that several commands share; nothing heavy is imported here."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

STUDY = Path("study.duckdb")
Format = Literal["table", "csv", "json", "parquet"]
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
