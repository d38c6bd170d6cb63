"""genscope shows where the time, the FLOPs and the memory of a generative model go.

    import genscope

    with genscope.open("study.duckdb") as study:
        study.ingest("traces/*")
        frame = study.query("attention_split")   # polars
        study.report("report.html")

This module is the whole Python API. It prints nothing and imports nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genscope.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from genscope.analyze.study import Study
    from genscope.capture.recording import Recording

__all__ = ["Study", "UserError", "__version__", "open", "record"]
__version__ = "0.1.0"


def open(
    path: str | Path, *, queries: Iterable[str | Path] = (), allow_files: bool = False
) -> Study:
    """Open a study, the DuckDB file that `Study.ingest` fills (and creates if it is missing).

    `queries` are folders with your own .sql files; `allow_files` lets SQL read and write files. See
    `Study` for the methods.
    """
    from genscope.analyze.study import Study

    return Study(path, queries=queries, allow_files=allow_files)


def record(
    name: str,
    model: Any = None,
    *,
    components: Mapping[str, Any] | None = None,
    out: str | Path = "traces",
    attention: str | None = None,
    warmup: int = 1,
    expect: Mapping[str, float] | None = None,
) -> Recording:
    """Record your own model or pipeline: see genscope.capture.recording.record. Needs the extra `capture`."""
    from genscope.capture.recording import record as recorder

    return recorder(
        name,
        model,
        components=components,
        out=out,
        attention=attention,
        warmup=warmup,
        expect=expect,
    )


def __getattr__(name: str) -> Any:
    """Import `Study` at its first use, because importing DuckDB takes a tenth of a second."""
    if name == "Study":
        from genscope.analyze.study import Study

        return Study
    raise AttributeError(f"module 'genscope' has no attribute {name!r}")
