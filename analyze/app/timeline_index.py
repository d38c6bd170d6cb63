"""A trace's timeline, ready to be drawn at any zoom: its slices as arrays, read once from the study.

A window of a trace may hold millions of slices, but a screen has few thousand pixels. So what is narrower than a
pixel is added up, which takes about 10 ns a slice; for a wide window, from slices that were added up before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.app import relations
from genscope.analyze.app.timeline_boxes import boxes_of, coarse, joined
from genscope.analyze.app.timeline_counters import Counter, points_of, read_counters
from genscope.analyze.app.timeline_slices import (
    LANES,
    Line,
    copy_slices,
    device_slices,
    host_slices,
    numbered,
    read_work,
    values_of,
)
from genscope.analyze.app.timeline_sums import LEVELS, sums_of
from genscope.analyze.load.study_file import open_with_tables
from genscope.analyze.printable import printable
from genscope.errors import UserError

if TYPE_CHECKING:
    import duckdb

# what slices are read by
_TABLES = ("timeline_label", "timeline_track")
_READ = (
    "timeline_device", "timeline_value", "timeline_operator", "timeline_depth", "timeline_host",
)  # fmt: skip
_COUNTED = ("timeline_counter", "timeline_launch", "timeline_start")
_FACTS = ("work_facts", "same_shape", "host_facts", "copy_facts")
# a line with more slices is added up once, on a grid of so many bins or up to twice as many
_MANY_SLICES = 100_000
_BINS = 65_536
_MAX_LABEL = 200
_OPEN = 4


class Timeline:
    """The index of one trace. Times are ns from `base_ns`, so that they fit into a double."""

    def __init__(self, path: Path, trace_id: int) -> None:
        """Build the index; takes 0.2 s for a million slices. Raises UserError without events."""
        self.trace_id = trace_id
        self._lock = threading.Lock()
        self._counted: list[Counter] | None = None
        # the overview is computed meanwhile, and wants the other cores
        self._con = open_with_tables(path, threads=1)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        con = self._con
        for name in _TABLES:
            self._keep(name)
        relations.create(con, [*_READ, *_FACTS])
        self._names = [row[1] for row in con.table("timeline_label").order("label_id").fetchall()]
        self._work = read_work(con, self.trace_id)
        values = {lane: values_of(con, self.trace_id, self._work, lane) for lane in LANES}
        on_device = device_slices(self._work, values, self._names)
        copies, on_host = copy_slices(con, self.trace_id), host_slices(con, self.trace_id)
        self._slices = numbered(on_device | copies | on_host)
        self._values = {level: values[level] for level in LEVELS & values.keys()}
        filled = [slices for slices in self._slices.values() if len(slices.start)]
        if not filled:
            raise UserError(
                "the trace holds neither device work nor host events, so it has no timeline"
            )
        self.slice_count = sum(len(slices.start) for slices in filled)
        self.base_ns = min(int(slices.start[0]) for slices in filled)
        self.span_ns = max(int(slices.reach[-1]) for slices in filled) - self.base_ns
        self._coarse_bits = max(1, self.span_ns // _BINS).bit_length() - 1
        self._coarse = {
            line: coarse(slices, self._coarse_bits)
            for line, slices in self._slices.items()
            if len(slices.start) > _MANY_SLICES
        }

    def _keep(self, name: str) -> None:
        """Create a relation as a table of the same name."""
        relations.create(self._con, [name])
        self._con.execute(
            f"CREATE TABLE {name} AS SELECT * FROM {name}(of_trace := {self.trace_id})"
        )

    def close(self) -> None:
        """Free the index."""
        self._con.close()

    def lines(self) -> list[Line]:
        """Every line, from top to bottom."""
        return [*self._slices]

    def labels(self) -> list[str]:
        """The names that label ids stand for, shortened and fit to print."""
        return [printable(name[:_MAX_LABEL]) for name in self._names]

    def window(self, from_ns: int, until_ns: int, pixels: int, lines: tuple[int, int]) -> bytes:
        """The boxes of a window, packed for the browser: see `packed`.

        `lines` are the first and the last line to draw.
        """
        width = max(1, (until_ns - from_ns) // max(1, pixels))
        first, last = self.base_ns + from_ns, self.base_ns + until_ns
        bits = width.bit_length() - 1
        wide = self._coarse if bits > self._coarse_bits else {}
        found = joined(
            boxes_of(line.line, wide.get(line, slices), (first, last), bits)
            for line, slices in self._slices.items()
            if lines[0] <= line.line <= lines[1]
        )
        return packed(found, self.base_ns)

    def counters(self, from_ns: int, until_ns: int, pixels: int) -> list[dict[str, Any]]:
        """Each counter in a window: its name, its device, and [time, largest, last] of each change."""
        bounds = (self.base_ns + from_ns, self.base_ns + until_ns)
        bin_ns = max(1, (until_ns - from_ns) // max(1, pixels))
        found = []
        for one in self._counters():
            points = points_of(one, bounds, bin_ns)
            for point in points:
                point[0] -= self.base_ns
            if points:
                found.append({"counter": one.counter, "device_id": one.device_id, "points": points})
        return found

    def _counters(self) -> list[Counter]:
        with self._lock:
            if self._counted is None:
                self._keep("timeline_counted")
                relations.create(self._con, _COUNTED)
                self._counted = read_counters(self._cursor(), self.trace_id)
            return self._counted

    def search(self, text: str) -> bytes:
        """The slices of streams, copies and host tracks whose name contains the text, packed as a window is.

        They are in order of time; case doesn't matter.
        """
        import numpy as np

        wanted = np.array([text.lower() in name.lower() for name in self._names])
        found = joined(
            {
                "start_ns": slices.start[hits],
                "end_ns": slices.end[hits],
                "ref": slices.ref[hits],
                "label_id": slices.label[hits],
                "line": np.full(len(hits), line.line, np.int32),
            }
            for line, slices in self._slices.items()
            if line.kind not in LANES
            for hits in [np.flatnonzero(wanted[slices.label])]
        )
        order = np.argsort(found["start_ns"], kind="stable")
        return packed({name: column[order] for name, column in found.items()}, self.base_ns)

    def sums(self, from_ns: int, until_ns: int) -> list[dict[str, Any]]:
        """The device work within a range, by class, kernel, module and more: see timeline_sums."""
        with self._lock:
            for level in LEVELS - self._values.keys():
                self._values[level] = values_of(self._cursor(), self.trace_id, self._work, level)
        bounds = (self.base_ns + from_ns, self.base_ns + until_ns)
        return [*sums_of(self._work, self._values, self._names, bounds)]

    def asked(self, name: str, **params: int | str) -> list[dict[str, Any]]:
        """The rows of one of the relations about a slice; times are the trace's own."""
        return [*relations.rows(self._cursor(), name, of_trace=self.trace_id, **params).dicts()]

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._con.cursor()


class Timelines:
    """The timelines of a study's traces, built when first asked for; the oldest are closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: OrderedDict[int, Future[Timeline]] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, trace_id: int) -> Timeline:
        """The timeline of a trace; waits while another thread builds it. UserError if it has none."""
        with self._turn:
            found = self._open.get(trace_id)
            mine = found is None
            future = self._open.setdefault(trace_id, Future())
            self._open.move_to_end(trace_id)
            old = [self._open.popitem(last=False)[1] for _ in range(len(self._open) - _OPEN)]
        for one in old:
            # a request that still reads it keeps its own cursor
            one.add_done_callback(_close)
        if mine:
            try:
                future.set_result(Timeline(self._path, trace_id))
            except BaseException as error:
                with self._turn:
                    self._open.pop(trace_id, None)
                future.set_exception(error)
        return future.result()

    def prepare(self, trace_id: int) -> None:
        """Build the timeline of a trace in the background, unless it is there."""
        if trace_id not in self._open:
            threading.Thread(target=self._try, args=(trace_id,), daemon=True).start()

    def _try(self, trace_id: int) -> None:
        # whoever asks for it gets the error
        with suppress(Exception):
            self.of(trace_id)

    def close(self) -> None:
        """Free all of them."""
        while self._open:
            self._open.popitem()[1].add_done_callback(_close)


def _close(built: Future[Timeline]) -> None:
    if built.exception() is None:
        built.result().close()


def packed(columns: dict[str, Any], base_ns: int) -> bytes:
    """The columns of a window one after the other, each from a multiple of 8 bytes on.

    First the number of boxes as uint32, then start and end (float64, ns from `base_ns`), ref
    (float64), label, line (int32), item count (uint32), busy share (float32) and colour (uint8);
    columns that the query lacks are left out.
    """
    import numpy as np

    count = len(columns["line"])
    parts = [np.array([count, 0], np.uint32).tobytes()]
    for name, kind in (
        ("start_ns", np.float64),
        ("end_ns", np.float64),
        ("ref", np.float64),
        ("label_id", np.int32),
        ("line", np.int32),
        ("item_count", np.uint32),
        ("busy_frac", np.float32),
        ("colour", np.uint8),
    ):
        if name in columns:
            values = np.asarray(columns[name])
            part = (values - base_ns if name.endswith("_ns") else values).astype(kind).tobytes()
            parts.append(part + bytes(-len(part) % 8))
    return b"".join(parts)
