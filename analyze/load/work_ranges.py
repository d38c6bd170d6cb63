"""Fill the tables of the ranges around each work item, and of what these ranges say.

The rows equal those of queries/work/work_annotation.sql and of the SQL files that read it. A trace has few
states of its threads, so the statements are asked once for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from genscope.analyze.load.answered import fill_answered
from genscope.analyze.load.columns import Rows, insert
from genscope.analyze.load.latest import Latest
from genscope.analyze.load.narrow import TEXT_ID, text_ids, texts_of
from genscope.analyze.load.numbered import At, Codes
from genscope.analyze.load.places import Places, read_batches
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.tables import table_files
from genscope.analyze.load.work_items import Items
from genscope.analyze.load.work_requests import Called, Operators, Requests
from genscope.analyze.native.arrays import put, take
from genscope.analyze.readers.arrow_column import numbers

# of the range around the call of the forward operator, and around the call itself
_CALLED = (
    "component_id",
    "step_id",
    "module_id",
    "attention_id",
    "python_module_id",
    "python_root_id",
)
_AROUND = ("profiler_step_id", "user_id", "user_root_id")
_LABEL = "component, step, module, attention_kind, op_name"
_OF_RANGES = ("work_component", "work_module", "work_step")

# all that these tables say of the ranges
_OF_ANNOTATIONS = {
    "known_annotation": "name, kind, if(kind = 'module', args ->> 'class', NULL), is_ruled",
    "module_root": "root_class",
    "profiler_step": "step",
    "repeated_call": "step",
}
# odd, so that no two numbers become one
FACTOR = np.uint64(0x9E3779B97F4A7C15)

_NONE = np.array([-1], np.int32)


class Timeline:
    """The rows of annotation_timeline: when they begin, on which track, and their ranges."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Scratch) -> None:
        tracks = con.table("labelled_track").project(
            "trace_id, process_id, track, is_labelled, is_main"
        )
        # numbers of tracks begin with 1
        self.track_of: dict[tuple[int, str], int] = {}
        self.main_of: dict[tuple[int, str], int] = {}
        self.labelled = {0: False}
        for number, (trace, process, track, is_labelled, is_main) in enumerate(
            tracks.fetchall(), 1
        ):
            self.track_of[trace, track], self.labelled[number] = number, is_labelled
            if is_main and process is not None:
                self.main_of[trace, process] = number
        codes = Codes(con, ["annotation_timeline"], "trace_id, track")
        of_code = np.array([self.track_of[row] for row in codes.rows], np.int32)
        asked = (
            "hash(trace_id, track)",
            "start_ns",
            *(f"coalesce({c}, -1)" for c in (*_CALLED, *_AROUND)),
        )
        group, start = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        with ExitStack() as stack:
            files = [stack.enter_context(scratch.open()) for _ in asked[2:]]
            for track, begin, *ids in read_batches(con.table("annotation_timeline"), *asked):
                group.append(take(of_code, codes.of(track)))
                start.append(begin)
                for file, values in zip(files, ids, strict=True):
                    file.write(values.astype(np.int32).tobytes())
            for file in files:
                file.write(_NONE.tobytes())
            # annotation_id, -1 for none and in the last place
            self.ids = {
                name: scratch.of(file, np.int32)
                for name, file in zip((*_CALLED, *_AROUND), files, strict=True)
            }
        self.latest = Latest(np.concatenate(group), np.concatenate(start))

    def tracks_of(self, trace: int, row: tuple[str | None, ...]) -> tuple[int, int, int]:
        """The tracks that say what is around a call, its forward call, and what more its own thread says.

        `row` holds the process, track and forward track; 0 stands for none.
        """
        process, track, forward_track = row[:3]
        main = self.main_of.get((trace, process or ""), 0) if process is not None else 0
        own, forward = (
            0 if name is None else self.track_of.get((trace, name), 0)
            for name in (track, forward_track)
        )
        around = main or (own if self.labelled[own] else 0)
        return around, forward if self.labelled[forward] else main, 0 if own == around else own


class Ranges:
    """The ranges around each item, and the states in which all that is said of these is the same."""

    def __init__(self, items: Items, called: Called) -> None:
        self._items = items
        traces = items.work.traces.tolist()
        timeline = Timeline(items.con, items.work.scratch)
        # work_call says nothing of the trace
        code = items.joint(called.said.code)
        tracks = np.array(
            [
                timeline.tracks_of(traces[items.trace[at]], called.said.rows[called.said.code[at]])
                for at in items.firsts(code).tolist()
            ],
            np.int32,
        )
        by_kind = [track.copy() for track in tracks.T]
        # places in the timeline, from 1 on
        self._found = [items.new(0, np.int32) for _ in range(3)]
        for part in items.parts():
            around, forward, own = (take(track, code[part]) for track in by_kind)
            at, forward_at = called.at[part], called.forward_at[part]
            found = timeline.latest.of(around, at)
            elsewhere = np.flatnonzero((forward != around) | (forward_at != at))
            of_forward = found.copy()
            of_forward[elsewhere] = timeline.latest.of(forward[elsewhere], forward_at[elsewhere])
            of_own = np.where(own > 0, timeline.latest.of(own, at), -1) if own.any() else -1
            for kept, places in zip(self._found, (of_forward, found, of_own), strict=True):
                kept[part] = places + 1
        self._state = items.joint(*self._found)
        first = items.firsts(self._state)
        self._trace = items.work.traces[items.trace[first]]
        self._ids = self._of_states(timeline, first)
        self._annotations = Places(items.con, "annotation", "annotation_id")
        self._said: dict[tuple[str, ...], NDArray[np.uint64]] = {}

    def _of_states(self, timeline: Timeline, first: At) -> dict[str, At]:
        """The ranges of each state by its first item, -1 for none."""
        of_forward, around, own = (found[first] - 1 for found in self._found)
        ids: dict[str, At] = {}
        for name, known in timeline.ids.items():
            if name in _CALLED:
                ids[name] = known[of_forward]
            else:
                mine = known[own]
                ids[name] = np.where(mine < 0, known[around], mine)
            self._items.work.scratch.release_some()
        return ids

    def insert(self) -> None:
        """Insert the rows of work_annotation."""
        first, number = _numbered([self._trace, *self._ids.values()])
        trace = self._trace[first]
        texts: Rows = {TEXT_ID: text_ids(trace, np.arange(len(first))), "trace_id": trace}
        for name in texts_of(table_files()["work_annotation"]):
            ids = self._ids[name][first]
            texts[name] = numbers(ids, ids < 0)
        insert(self._items.con, "work_annotation_text", [texts])
        self._items.insert_rows("work_annotation", {}, self._items.gathered(number, self._state))

    def kinds(self, table: str) -> At:
        """Numbers of items, equal where all that a table says of the ranges around is, and the trace."""
        file = table_files()[table]
        of_annotations = self._of_annotations(*(n for n in _OF_ANNOTATIONS if n in file.inputs))
        kind = self._trace.astype(np.uint64)
        for name, ids in self._ids.items():
            if re.search(rf"\b{name}\b", file.statement):
                kind = (
                    kind ^ of_annotations[self._annotations.of(self._trace, ids.astype(np.int64))]
                ) * FACTOR
        number = np.unique(kind, return_inverse=True)[1].astype(np.int32)
        return self._items.gathered(number, self._state)

    def _of_annotations(self, *tables: str) -> NDArray[np.uint64]:
        """Numbers of ranges by their places, equal where all that these tables say of them is."""
        if tables not in self._said:
            number = self._annotations.new(0, np.uint64)
            for table in tables:
                said = f"hash({_OF_ANNOTATIONS[table]})"
                for places, hashed in self._annotations.read(table, said):
                    number[places] = (number[places] ^ hashed) * FACTOR
            self._said[tables] = number
        return self._said[tables]


def _numbered(columns: Sequence[NDArray[np.integer[Any]]]) -> tuple[At, At]:
    """The first of equal rows, and the number of each row among these."""
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, of_value = np.unique(column, return_inverse=True)
        if len(values) > 1:
            number = np.unique(number * len(values) + of_value, return_inverse=True)[1]
    first = np.unique(number, return_index=True)[1]
    return first.astype(np.int32), number.astype(np.int32)


def fill_work_ranges(items: Items) -> bool:
    """Insert the rows of work_op, work_call and of all tables of the ranges around work."""
    if items.are_few:
        return False
    requests = Requests(items, Operators(items))
    requests.insert()
    called = Called(items, requests)
    called.insert()
    ranges = Ranges(items, called)
    ranges.insert()
    labels = _kernel_labels(items)
    for table in _OF_RANGES:
        kind = ranges.kinds(table)
        fill_answered(items, table, items.joint(kind, labels) if labels.any() else kind)
    flags = _phase_flags(items, requests, called)
    kind = items.joint(ranges.kinds("work_phase"), requests.said.code, flags)
    fill_answered(items, "work_phase", kind)
    return True


def _kernel_labels(items: Items) -> At:
    """Numbers of what the names of graphs' kernels say."""
    codes = Codes(items.con, ["kernel_label"], _LABEL)
    number = items.new(0, np.int32)
    labels = items.con.table("kernel_label")
    for trace, kernel, said in read_batches(labels, "trace_id", "kernel_id", f"hash({_LABEL})"):
        number[items.work.of(trace, kernel)] = codes.of(said) + 1
    return number


def _phase_flags(items: Items, requests: Requests, called: Called) -> At:
    """Numbers of what work_phase asks of each item besides names and ranges."""
    operators = requests.operators
    is_backward = operators.flagged("cpu_op_row", "op_id", "forward_thread_id > 0")
    updates, recomputes = _updates(items, called), _recomputes(items, requests)
    flags = items.new(0, np.int32)
    for part in items.parts():
        is_known = requests.op[part] != operators.places.none
        is_within = take(is_backward, requests.root[part])
        found = (is_known, is_within, updates[part], recomputes[part])
        flags[part] = sum(flag.astype(np.int32) << bit for bit, flag in enumerate(found))
    return flags


def _updates(items: Items, called: Called) -> NDArray[np.bool_]:
    """Whether each item was requested in an optimizer's range on the same thread."""
    columns = "trace_id, track, start_ns, end_ns"
    ranges = items.con.table("optimizer_range").project(columns).fetchall()
    track_of: dict[tuple[int, str], int] = {}
    for trace, track, _, _ in ranges:
        track_of.setdefault((trace, track), len(track_of))
    group = np.array([track_of[row[:2]] for row in ranges], np.int32)
    start, end = (np.array([row[at] for row in ranges], np.int64) for at in (2, 3))
    latest = Latest(group, start)
    tracks, traces = called.said.listed("track"), items.work.traces.tolist()
    of_track = np.array(
        [[track_of.get((trace, track), -1) for track in tracks] for trace in traces]
    )
    found = items.new(False, np.bool_)
    for part in items.parts() if ranges else ():
        on = of_track[items.trace[part], called.said.code[part]]
        at = latest.of(on, called.at[part])
        found[part] = (at >= 0) & (called.at[part] < end[at])
    return found


def _recomputes(items: Items, requests: Requests) -> NDArray[np.bool_]:
    """Whether each item's operator began in a part of the forward pass that runs again."""
    places = requests.operators.places
    asked = ("trace_id", "root_op_id", "start_ns", "end_ns")
    batches = list(read_batches(items.con.table("recomputed_op"), *asked))
    found = items.new(False, np.bool_)
    if batches:
        trace, op, start, end = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        root = places.of(trace, op)
        latest, is_root = Latest(root, start), places.new(False, np.bool_)
        is_root[root] = True
        for block in items.blocks():
            inside = block[take(is_root, take(requests.root, block))]
            began = take(requests.operators.start, take(requests.op, inside))
            at = latest.of(take(requests.root, inside), began)
            put(found, inside, (at >= 0) & (began < end[at]))
    return found
