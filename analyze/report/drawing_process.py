"""Draw a report's plots in a process of its own, which loads HoloViews while this one asks the queries.

Loading and drawing is Python's work throughout, so a thread would take turns with the rest of the report.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from genscope.analyze.child_process import Asker, ChildProcess, EndedError
from genscope.analyze.report.drawing import (
    Drawing,
    drawing_of,
    drawn,
    few_traces,
    has_plot,
    load_plots,
)

if TYPE_CHECKING:
    import polars as pl

# of one plot; most take a tenth
SECONDS = 60.0
_LATE = f"it took longer than {SECONDS:g} s"


@dataclass(frozen=True)
class Drawer:
    """`load` prepares for the first plot; `draw` is called with a metric, its rows and the traces to keep."""

    load: Callable[[], None]
    draw: Callable[[str, pl.DataFrame, Collection[int]], Drawing]


@contextmanager
def drawer() -> Iterator[Drawer]:
    """Draw in another process, or in this one if it has loaded HoloViews already."""
    if "holoviews" in sys.modules:
        yield Drawer(load_plots, drawing_of)
        return
    child = ChildProcess("genscope.analyze.report.drawing_process:serve", {})
    try:
        yield Drawer(partial(_started, child), partial(_drawn_by, child))
    finally:
        child.close()


def _started(child: ChildProcess) -> None:
    with suppress(EndedError):
        child.start()


def _drawn_by(
    child: ChildProcess, name: str, frame: pl.DataFrame, kept: Collection[int]
) -> Drawing:
    """The plot of a metric's rows, drawn by the child, or by this process if no child can run."""
    if not has_plot(name, frame):
        return Drawing()
    few, note = few_traces(name, frame, kept)
    rows = BytesIO()
    few.write_ipc_stream(rows)
    try:
        child.start()
        question = {"name": name, "note": note, "rows": rows.getvalue()}
        answer, _ = child.ask(question, SECONDS, late=_LATE)
    except EndedError as error:
        if str(error) == _LATE:
            return Drawing(no_plot_reason=f"the plot of {name} can't be drawn ({_LATE})")
        return drawing_of(name, frame, kept)
    return msgspec.json.decode(answer, type=Drawing)


def serve() -> None:
    """Draw until the parent has gone: the main function of the child."""
    from base64 import b64decode

    # it lives for seconds, and each collection would look through all that the imports made
    gc.disable()
    asker = Asker()
    asker.question()
    load_plots()
    import pyarrow as pa

    asker.reply(b"")
    for question in asker.questions():
        rows = pa.ipc.open_stream(b64decode(question["rows"])).read_pandas(date_as_object=False)
        found = drawn(question["name"], rows, question["note"])
        asker.reply(msgspec.json.encode(found))
