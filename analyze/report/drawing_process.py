"""Draw a report's plots in processes of their own, which load HoloViews while this one asks the queries.

Loading and drawing is Python's work throughout, so a thread would take turns with the rest of the report.
HoloViews is loaded once: the first process makes copies of itself.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from io import BytesIO
from queue import Queue
from threading import Lock
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
_CLOSED = "the report has ended"
# NumPy and Arrow's allocator would start threads, and a process with threads makes no copies of itself
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false",
}  # fmt: skip
# each copy takes memory, and the plots of one trace take few seconds
MOST_PROCESSES = 4


class Drawer:
    """Draws plots, several at a time, in processes that load HoloViews once; see `drawer`."""

    def __init__(self) -> None:
        main = "genscope.analyze.report.drawing_process:serve"
        self._first = ChildProcess(main, {}, env=_ONE_THREAD)
        self._copies: list[ChildProcess] = []
        self._idle: Queue[ChildProcess] = Queue()
        self._here = Lock()
        self._count = 1 if "holoviews" in sys.modules else _processors()
        self._threads = ThreadPoolExecutor(self._count)
        self._threads.submit(self._load)

    def draw(self, name: str, frame: pl.DataFrame, kept: Collection[int]) -> Future[Drawing]:
        """The plot of a metric's rows, and of the traces in `kept` only if there are too many to read."""
        return self._threads.submit(self._draw, name, frame, kept)

    def close(self) -> None:
        """End the processes; plots that are not drawn yet never are."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in (*self._copies, self._first):
            child.end(_CLOSED)
        self._threads.shutdown()
        for child in (*self._copies, self._first):
            child.close()

    def _load(self) -> None:
        if "holoviews" not in sys.modules:
            with suppress(EndedError):
                self._copies = self._first.start_with_copies(self._count - 1)
        for child in (self._first, *self._copies):
            self._idle.put(child)

    def _draw(self, name: str, frame: pl.DataFrame, kept: Collection[int]) -> Drawing:
        if not has_plot(name, frame):
            return Drawing()
        child = self._idle.get()
        try:
            if "holoviews" not in sys.modules:
                return _drawn_by(child, name, *few_traces(name, frame, kept))
        except EndedError as error:
            if str(error):
                return Drawing(no_plot_reason=f"the plot of {name} can't be drawn ({error})")
        finally:
            self._idle.put(child)
        # HoloViews is here already, or no child can run
        with self._here:
            return drawing_of(name, frame, kept)


@contextmanager
def drawer() -> Iterator[Drawer]:
    """Draw in other processes, or in this one if it has loaded HoloViews already."""
    plots = Drawer()
    try:
        yield plots
    finally:
        plots.close()


def _processors() -> int:
    """How many plots to draw at a time: a process makes copies of itself on Linux only."""
    if sys.platform != "linux":
        return 1
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def _drawn_by(child: ChildProcess, name: str, few: pl.DataFrame, note: str) -> Drawing:
    """The plot of a metric's rows, drawn by the child. Raises EndedError."""
    rows = BytesIO()
    # of a copy: writing locks a frame, and waits for Python, which the main thread may hold while it waits for that lock
    few.clone().write_ipc_stream(rows)
    child.start()
    question = {"name": name, "note": note, "rows": rows.getvalue()}
    answer, _ = child.ask(question, SECONDS, late=_LATE)
    return msgspec.json.decode(answer, type=Drawing)


def serve() -> None:
    """Draw until the parent has gone: the main function of the child."""
    from base64 import b64decode

    # it lives for seconds, and each collection would look through all that the imports made
    gc.disable()
    asker = Asker()
    setup = asker.question()
    # HoloViews looks up names of colours in it, which we don't use, and it takes a tenth of a second
    sys.modules.setdefault("matplotlib", None)  # type: ignore[arg-type]
    load_plots()
    import pyarrow as pa

    if asker.copy(setup.get("copies", ())):
        asker.reply(b"")
    for question in asker.questions():
        rows = pa.ipc.open_stream(b64decode(question["rows"])).read_pandas(date_as_object=False)
        found = drawn(question["name"], rows, question["note"])
        asker.reply(msgspec.json.encode(found))
