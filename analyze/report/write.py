"""Write a report: what takes longest to load begins first, in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from genscope.analyze.report.drawing_process import drawer
from genscope.analyze.whole_file import check_writable, write_whole

if TYPE_CHECKING:
    import polars as pl

    from genscope.analyze.answer import Answer
    from genscope.analyze.sql_file import SqlFile

# a study of about half a million events
_SMALL_BYTES = 32 << 20


def threads_for(study: Path) -> int | None:
    """Threads for the queries of a report: one for a small study, else (None) as many as there are cores.

    To share a short query takes longer than to answer it, and the other cores draw meanwhile.
    """
    is_small = study.is_file() and study.stat().st_size < _SMALL_BYTES
    return 1 if is_small else None


def write_report(
    path: str | Path,
    *,
    opened: Callable[[], tuple[Iterable[SqlFile], Collection[str]]],
    traces: Callable[[], pl.DataFrame],
    ask: Callable[[str, Mapping[str, str]], Answer],
) -> Path:
    """Write the report of a study, whole or not at all, and return its path.

    `opened` opens the study and returns its metrics and the names of the traces that were chosen, `traces`
    reads the table `trace`, and `ask(metric, params)` answers one query about them. Raises UserError if the
    file can't be written.
    """
    out = Path(path)
    check_writable(out)
    with drawer() as plots:
        # polars takes half a second to load
        from genscope.analyze.report.page import page_of

        relations, names = opened()
        text = page_of(plots, relations=relations, traces=traces, names=names, ask=ask)
    write_whole(out, text)
    return out
