"""A trace's timeline, ready to be drawn at any zoom: sorted slices, and sums of the short ones.

A window of a trace may hold millions of slices, but a screen has few thousand pixels. So what is
narrower than a pixel is added up in SQL, from sums on a coarse grid if the window is wide.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.analyze.app import relations
from genscope.analyze.load.study_file import open_with_tables
from genscope.analyze.printable import printable
from genscope.errors import UserError

if TYPE_CHECKING:
    import duckdb

# each is made from those before it
_TABLES = ("timeline_label", "timeline_work", "timeline_line")
_SLICES = ("timeline_lane", "timeline_device", "timeline_host")
_VIEWS = ("timeline_window", "timeline_search", "range_sum")
_FACTS = ("work_facts", "same_shape", "host_facts", "copy_facts")
# the finest grid has so many bins, and each wider one a quarter of them
_BINS = 65_536
_WIDER = 4
_GRIDS = 5
# with fewer slices, a window is as fast without grids
_MANY_SLICES = 200_000
_MAX_LABEL = 200
_OPEN = 4


@dataclass(frozen=True)
class Line:
    """One line of the timeline, see queries/app/timeline_line.sql."""

    line: int
    kind: str
    device_id: int | None
    stream_id: int | None
    track: str | None
    depth: int


class Timeline:
    """The index of one trace. Times are ns from `base_ns`, so that they fit into a double."""

    def __init__(self, path: Path, trace_id: int) -> None:
        """Build the index; takes about 2 s for a million slices. Raises UserError without events."""
        self.trace_id = trace_id
        self._counting, self._has_counters = threading.Lock(), False
        # on one thread, a window takes half as long where others want the cores
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
        relations.create(con, _SLICES)
        each = (f"SELECT * FROM {name}(of_trace := {self.trace_id})" for name in _SLICES)
        # sorted by time, so that a window skips most of them
        con.execute(f"CREATE TABLE timeline_slice AS {' UNION ALL '.join(each)} ORDER BY start_ns")
        found = con.table("timeline_slice").aggregate("count(*), min(start_ns), max(end_ns)")
        count, first, last = found.fetchall()[0]
        if not count:
            raise UserError(
                "the trace holds neither device work nor host events, so it has no timeline"
            )
        self.slice_count, self.base_ns, self.span_ns = int(count), int(first), int(last - first)
        self._grid_ns = 1 << max(0, (self.span_ns // _BINS).bit_length() - 1)
        long = con.table("timeline_slice").filter(f"end_ns - start_ns >= {self._grid_ns}")
        long.order("start_ns").create("timeline_long")
        relations.create(con, [*_VIEWS, *_FACTS])
        # widest first
        self._grids: list[int] = []
        if count > _MANY_SLICES:
            self._add_up()

    def _add_up(self) -> None:
        """Create the grids: on each, the slices that are shorter than its bins, added up."""
        grid = self._grid_ns
        self._keep("timeline_bin", bin_ns=grid)
        self._grids = [grid]
        relations.create(self._con, ["timeline_coarse_bin", "timeline_wide_window"])
        while len(self._grids) < _GRIDS:
            fine, grid = grid, grid * _WIDER
            self._con.execute(
                "INSERT INTO timeline_bin SELECT * FROM "
                f"timeline_coarse_bin(of_trace := {self.trace_id}, fine_ns := {fine}, bin_ns := {grid})"
            )
            self._grids.insert(0, grid)

    def _keep(self, name: str, **params: int) -> None:
        """Create a relation as a table of the same name."""
        relations.create(self._con, [name])
        more = "".join(f", {key} := {value}" for key, value in params.items())
        self._con.execute(
            f"CREATE TABLE {name} AS SELECT * FROM {name}(of_trace := {self.trace_id}{more})"
        )

    def close(self) -> None:
        """Free the index."""
        self._con.close()

    def lines(self) -> list[Line]:
        """Every line, from top to bottom."""
        rows = self._cursor().table("timeline_line").order("line").fetchall()
        return [Line(*row[1:]) for row in rows]

    def labels(self) -> list[str]:
        """The names that label ids stand for, shortened and fit to print."""
        rows = self._cursor().table("timeline_label").order("label_id").fetchall()
        return [printable(name[:_MAX_LABEL]) for _, _, name in rows]

    def window(self, from_ns: int, until_ns: int, pixels: int, lines: tuple[int, int]) -> bytes:
        """The boxes of a window, packed for the browser: see `packed`.

        `lines` are the first and the last line to draw.
        """
        width = max(1, (until_ns - from_ns) // max(1, pixels))
        bin_ns = 1 << (width.bit_length() - 1)
        grid = next((grid for grid in self._grids if bin_ns >= grid), 0)
        found = relations.asked(
            self._cursor(),
            "timeline_wide_window" if grid else "timeline_window",
            of_trace=self.trace_id,
            from_ns=self.base_ns + from_ns,
            until_ns=self.base_ns + until_ns,
            bin_ns=bin_ns,
            **({"of_grid": grid} if grid else {"long_ns": self._grid_ns}),
            first_line=lines[0],
            last_line=lines[1],
        )
        return packed(found.fetchnumpy(), self.base_ns)

    def counters(self, from_ns: int, until_ns: int, pixels: int) -> list[dict[str, Any]]:
        """Each counter in a window: its name, its device, and [time, largest, last] of each change."""
        with self._counting:
            if not self._has_counters:
                self._keep("timeline_counter")
                relations.create(self._con, ["counter_window"])
                self._has_counters = True
        rows = relations.asked(
            self._cursor(),
            "counter_window",
            of_trace=self.trace_id,
            from_ns=self.base_ns + from_ns,
            until_ns=self.base_ns + until_ns,
            bin_ns=max(1, (until_ns - from_ns) // max(1, pixels)),
        )
        found: dict[tuple[str, int], list[list[int]]] = {}
        for counter, device, time_ns, largest, last in rows.fetchall():
            points = found.setdefault((counter, device), [])
            points.append([time_ns - self.base_ns, largest, last])
        return [
            {"counter": counter, "device_id": device, "points": points}
            for (counter, device), points in found.items()
        ]

    def search(self, text: str) -> bytes:
        """The slices whose name contains the text, in order of time, packed as a window is."""
        found = relations.asked(
            self._cursor(), "timeline_search", of_trace=self.trace_id, wanted=text
        ).fetchnumpy()
        return packed(found, self.base_ns)

    def asked(self, name: str, **params: int | str) -> list[dict[str, Any]]:
        """The rows of one of the relations about a point or range; times are the trace's own."""
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
