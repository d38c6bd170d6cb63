"""A trace's slices by line of its timeline, as arrays: ten million of them in a second or two, 24 bytes each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genscope.analyze.app import relations
from genscope.analyze.plots.theme import CATEGORY_COLOUR

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

# from top to bottom, each with the place of its colour in SLICE_COLOURS; a class has its own
KINDS = {
    "component": 11, "step": 11, "category": 11, "attention": 11, "stream": 0, "copy": 10,
    "range": 14, "operator": 12, "call": 13,
}  # fmt: skip
LANES = ("component", "step", "category", "attention")
# lanes that show what is computed: where the device is idle, nothing is
_OF_WORK = ("category", "attention")
HOST = ("range", "operator", "call")
# lines of a track at most, see queries/app/timeline_depth.sql
_DEPTHS = 12


@dataclass(frozen=True)
class Line:
    """One line of the timeline: a lane or a stream of a device, or one depth of a host track.

    `kind` is one of KINDS. A lane, stream or copy has a device, -1 for the host; `stream_id` is -1 for operators
    and where it is unknown. A host line has a track: see queries/app/timeline_track.sql.
    """

    line: int
    kind: str
    device_id: int | None = None
    stream_id: int | None = None
    track: str | None = None
    depth: int = 0


@dataclass(frozen=True)
class Sums:
    """How many slices each row of Slices stands for, and the sum of their lengths in ns."""

    item_count: NDArray[np.int64]
    own_ns: NDArray[np.int64]


@dataclass(frozen=True)
class Slices:
    """The slices of one line in order of their starts, each column an array.

    `start` and `end` are ns from the trace's base, `ref` is the number of what a slice shows, `label` that of its
    name, and `colour` a place in SLICE_COLOURS. `reach` is the latest end so far, `end` itself if nothing overlaps.
    With `sums`, a row stands for several slices of one colour; `label` is -1 then, and `ref` the first one's.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    ref: NDArray[np.int32]
    label: NDArray[np.int32]
    colour: NDArray[np.uint8]
    reach: NDArray[np.int64]
    sums: Sums | None = None

    @property
    def has_one_colour(self) -> bool:
        """Whether all have one colour, which is then stored once."""
        return self.colour.strides == (0,)


@dataclass(frozen=True)
class Work:
    """A trace's device work, or operators if it has none, in order of device and start, as Slices has it."""

    ref: NDArray[np.int32]
    device: NDArray[np.int32]
    stream: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    label: NDArray[np.int32]


def read_work(con: duckdb.DuckDBPyConnection, trace_id: int) -> Work:
    """The work of a trace. Tables timeline_label and timeline_track must be there, here and below."""
    import numpy as np

    found = asked(con, "timeline_device", trace_id, of_kind="stream")
    order = np.lexsort((found["ref"], found["start_ns"], found["device_id"]))
    names = ("ref", "device_id", "stream_id", "start_ns", "end_ns", "label_id")
    return Work(*(found[name][order] for name in names))


def values_of(
    con: duckdb.DuckDBPyConnection, trace_id: int, work: Work, lane: str
) -> NDArray[np.int32]:
    """The label of a lane's value of each work item, -1 without one; see queries/app/timeline_value.sql."""
    found = asked(con, "timeline_value", trace_id, of_lane=lane)
    return by_number(found["work_id"], found["label_id"], work.ref)


def colours_of(categories: NDArray[np.int32], labels: list[str]) -> NDArray[np.uint8]:
    """The colour of each label of a category: that of 'other' for an unknown one, of 'unclassified' for -1."""
    import numpy as np

    places = {name: place for place, name in enumerate(CATEGORY_COLOUR)}
    # the last one is what -1 takes
    named = [*(places.get(label, places["other"]) for label in labels), places["unclassified"]]
    return np.array(named, np.uint8)[categories]


def device_slices(
    work: Work, values: Mapping[str, NDArray[np.int32]], labels: list[str]
) -> dict[Line, Slices]:
    """The slices of a trace's lanes, of which `values` has the labels, and streams; the lines have no numbers yet."""
    import numpy as np

    colours = colours_of(values["category"], labels)
    found = {}
    for device in np.unique(work.device).tolist():
        first, last = np.searchsorted(work.device, [device, device + 1])
        here = slice(first, last)
        for lane in LANES:
            of_lane = colours[here] if lane == "category" else KINDS[lane]
            found[Line(-1, lane, device)] = _runs(
                work, here, values[lane][here], of_lane, spans_idle=lane not in _OF_WORK
            )
        for stream, chosen in groups(work.stream[here]):
            columns = (work.start, work.end, work.ref, work.label)
            found[Line(-1, "stream", device, stream)] = _slices(
                [column[here][chosen] for column in columns], colours[here][chosen]
            )
    return found


def copy_slices(con: duckdb.DuckDBPyConnection, trace_id: int) -> dict[Line, Slices]:
    """The slices of a trace's copies; their lines are not numbered yet."""
    copies = asked(con, "timeline_device", trace_id, of_kind="copy")
    columns = [copies[name] for name in ("start_ns", "end_ns", "ref", "label_id", "stream_id")]
    found = {}
    for device, chosen in groups(copies["device_id"]):
        *of_device, streams = (column[chosen] for column in columns)
        for stream, one in groups(streams):
            slices = _slices([column[one] for column in of_device], KINDS["copy"])
            found[Line(-1, "copy", device, stream)] = slices
    return found


def _runs(
    work: Work, here: slice, value: NDArray[np.int32], colour: Any, *, spans_idle: bool
) -> Slices:
    """A lane's slices: as long as the value stays the same from one work item of a device to the next.

    One lasts until the next begins, or until all work that began before has ended. Unless it `spans_idle`, it ends
    where the device is then idle for longer than the last item took, so that at most half of it is idle.
    """
    import numpy as np

    is_new = np.diff(value, prepend=np.int32(-1)) != 0
    start, end = work.start[here], work.end[here]
    reach = np.maximum.accumulate(end)
    if not spans_idle:
        is_new[1:] |= start[1:] - reach[:-1] > end[:-1] - start[:-1]
    begun = np.flatnonzero(is_new)
    start = start[begun]
    final = reach[-1:] if len(begun) else reach[:0]
    end = np.append(np.minimum(start[1:], reach[begun[1:] - 1]), final)
    named = value[begun] >= 0
    begun, start = begun[named], start[named]
    end = np.maximum(end[named], start + 1)
    colour = colour if isinstance(colour, int) else colour[begun]
    return _slices([start, end, work.ref[here][begun], value[begun]], colour)


def host_slices(con: duckdb.DuckDBPyConnection, trace_id: int) -> dict[Line, Slices]:
    """The slices of a trace's host tracks; their lines are not numbered yet."""
    import numpy as np

    tracks = [row[1] for row in con.table("timeline_track").order("track_id").fetchall()]
    found = {}
    for kind in HOST:
        slices = (
            _operators(con, trace_id)
            if kind == "operator"
            else asked(con, "timeline_host", trace_id, of_kind=kind)
        )
        place = slices["track_id"].astype(np.int32) * _DEPTHS + slices["depth"]
        columns = [slices[name] for name in ("start_ns", "end_ns", "ref", "label_id")]
        for track_depth, chosen in groups(place):
            track, depth = divmod(track_depth, _DEPTHS)
            line = Line(-1, kind, track=tracks[track], depth=depth)
            found[line] = _slices([column[chosen] for column in columns], KINDS[kind])
    return found


def _operators(con: duckdb.DuckDBPyConnection, trace_id: int) -> dict[str, NDArray[Any]]:
    """The operators that are not too deep for a line, each with its end where the stack closes it."""
    import numpy as np

    found = asked(con, "timeline_operator", trace_id)
    nested = asked(con, "timeline_depth", trace_id)
    depth, end = (by_number(nested["op_id"], nested[k], found["ref"]) for k in ("depth", "end_ns"))
    found |= {"depth": depth, "end_ns": np.maximum(end, found["start_ns"] + 1)}
    is_drawn = depth >= 0
    return found if is_drawn.all() else {name: column[is_drawn] for name, column in found.items()}


def by_number(numbers: NDArray[Any], values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[Any]:
    """The value of each wanted number, -1 where there is none. Numbers within a trace leave few gaps."""
    import numpy as np

    size = max(int(ids.max(initial=-1)) for ids in (numbers, wanted)) + 1
    places = np.full(size, -1, values.dtype)
    places[numbers] = values
    found: NDArray[Any] = places[wanted]
    return found


def groups(values: NDArray[Any]) -> list[tuple[int, Any]]:
    """Each value with the places where it is, in order."""
    import numpy as np

    least, most = int(values.min(initial=0)), int(values.max(initial=0))
    if not len(values) or values[0] == least == most:
        return [(least, slice(None))] if len(values) else []
    # small integers are sorted fastest
    small = (values - least).astype(np.min_scalar_type(most - least))
    order = np.argsort(small, kind="stable")
    first = np.flatnonzero(np.diff(small[order], prepend=small[order[0]]))
    parts = np.split(order, first)
    return [(int(values[part[0]]), part) for part in parts]


def _slices(columns: Sequence[NDArray[Any]], colour: NDArray[np.uint8] | int) -> Slices:
    """Slices from start, end, ref and label, in order of start; `colour` is of each, or one for all."""
    import numpy as np

    start = columns[0]
    colours = np.broadcast_to(np.uint8(colour), len(start)) if isinstance(colour, int) else colour
    if (start[1:] < start[:-1]).any():
        order = np.argsort(start, kind="stable")
        columns = [column[order] for column in columns]
        colours = colours if isinstance(colour, int) else colours[order]
    start, end, ref, label = columns
    reach = np.maximum.accumulate(end) if (end[1:] < end[:-1]).any() else end
    return Slices(start, end, ref, label, colours, reach)


def numbered(found: dict[Line, Slices]) -> dict[Line, Slices]:
    """The lines from top to bottom, with their numbers: each device with its lanes and streams, then the host."""
    kinds = [*KINDS]

    def place(line: Line) -> tuple[Any, ...]:
        of_device = (line.device_id or 0, kinds.index(line.kind), line.stream_id or 0)
        return (line.kind in HOST, *of_device, line.track or "", line.depth)

    ordered = sorted(found, key=place)
    return {replace(line, line=number): found[line] for number, line in enumerate(ordered)}


def asked(
    con: duckdb.DuckDBPyConnection, name: str, trace_id: int, **params: str
) -> dict[str, NDArray[Any]]:
    """The columns of one relation of queries/app for a trace, as arrays."""
    result = relations.asked(con, name, of_trace=trace_id, **params)
    found: dict[str, Any] = result.fetchnumpy()
    return found
