"""A timeline's boxes add up to the trace's slices at any zoom, and a click's facts to SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workbench import EVIL, GEMM, LAYERS, SOFTMAX, STEPS, study_of_all

from genscope.analyze import sql_file
from genscope.analyze.app import relations, timeline_index
from genscope.analyze.app.colours import SLICE_COLOURS
from genscope.analyze.app.facts import facts_of
from genscope.analyze.app.relations import app_relations
from genscope.analyze.app.timeline_boxes import boxes_of
from genscope.analyze.app.timeline_index import Timeline, Timelines
from genscope.analyze.app.timeline_slices import Slices, Work, _runs, _slices, colours_of
from genscope.analyze.plots.theme import CATEGORY_COLOUR
from genscope.analyze.predicted import NO_GAPS, mark
from genscope.analyze.study import Study
from genscope.errors import UserError

COLUMNS = (
    ("start", np.float64),
    ("end", np.float64),
    ("ref", np.float64),
    ("label", np.int32),
    ("line", np.int32),
    ("count", np.uint32),
    ("busy", np.float32),
    ("colour", np.uint8),
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_of_all(tmp_path_factory)


@pytest.fixture(scope="module")
def timeline(study: Path) -> Iterator[Timeline]:
    made = Timeline(study, 1)
    yield made
    made.close()


def _boxes(packed: bytes) -> dict[str, Any]:
    count, at = int(np.frombuffer(packed, np.uint32, 1)[0]), 8
    found = {}
    for name, kind in COLUMNS:
        if at < len(packed):
            found[name] = np.frombuffer(packed, kind, count, at)
            at += -(-count * np.dtype(kind).itemsize // 8) * 8
    assert at == len(packed)
    return found


def _line(timeline: Timeline, kind: str) -> int:
    return next(line.line for line in timeline.lines() if line.kind == kind)


def test_lines_are_lanes_then_streams_then_host(timeline: Timeline) -> None:
    kinds = [line.kind for line in timeline.lines()]
    assert kinds == [
        "component", "step", "category", "attention", "stream", "copy", "range", "operator", "call",
    ]  # fmt: skip
    assert [line.line for line in timeline.lines()] == [*range(len(kinds))]


@pytest.mark.parametrize("pixels", [1, 7, 100, 100_000])
def test_boxes_hold_every_slice_once_and_never_overlap(timeline: Timeline, pixels: int) -> None:
    boxes = _boxes(timeline.window(0, timeline.span_ns, pixels, (0, 99)))
    assert int(boxes["count"].sum()) == timeline.slice_count
    stream = boxes["line"] == _line(timeline, "stream")
    assert int(boxes["count"][stream].sum()) == 3 * LAYERS * STEPS
    for line in np.unique(boxes["line"]):
        one = boxes["line"] == line
        assert (boxes["start"][one][1:] >= boxes["end"][one][:-1]).all()
    assert (boxes["busy"] > 0).all() and (boxes["busy"] <= 1).all()
    assert ((boxes["label"] >= 0) | (boxes["count"] > 1)).all()


def _added_up(
    slices: Iterable[tuple[int, ...]], from_ns: int, until_ns: int, bin_ns: int
) -> list[tuple[int, ...]]:
    """What boxes should be, slice by slice: (line, start, end, count, time), sorted."""
    boxes, pixels = [], defaultdict(list)
    for line, start, end in slices:
        if start < until_ns and end > from_ns:
            if end - start >= bin_ns:
                boxes.append((line, start, end, 1, bin_ns))
            else:
                pixels[line, start // bin_ns].append((start, end))
    for (line, _), some in pixels.items():
        own = min(bin_ns, sum(end - start for start, end in some))
        boxes.append((line, some[0][0], max(end for _, end in some), len(some), own))
    return sorted(boxes)


@pytest.mark.parametrize("pixels", [1, 5, 40, 200, 3000])
@pytest.mark.parametrize("part", [1, 3, 50])
def test_boxes_are_what_slices_add_up_to(timeline: Timeline, pixels: int, part: int) -> None:
    slices = sorted(
        (line.line, *times)
        for line, slices in timeline._slices.items()
        for times in zip(slices.start.tolist(), slices.end.tolist(), strict=True)
    )
    from_ns = timeline.span_ns // 3 if part > 1 else 0
    until_ns = from_ns + timeline.span_ns // part
    boxes = _boxes(timeline.window(from_ns, until_ns, pixels, (0, 99)))
    bin_ns = 1 << ((until_ns - from_ns) // pixels).bit_length() - 1
    base = timeline.base_ns
    expected = _added_up(slices, base + from_ns, base + until_ns, bin_ns)
    assert len(expected) == len(boxes["start"]) > 0
    names = ("line", "start", "end", "count", "busy")
    for name, column in zip(names, zip(*expected, strict=True), strict=True):
        off, size = base if name in ("start", "end") else 0, bin_ns if name == "busy" else 1
        assert (np.array(column) - off) / size == pytest.approx(boxes[name]), name


def test_a_box_of_several_has_the_colour_with_most_time() -> None:
    start = np.array([0, 10, 20, 40, 100])
    end, ids = np.array([9, 15, 36, 46, 180]), np.arange(5, dtype=np.int32)
    colour = np.array([6, 1, 1, 6, 3], np.uint8)
    slices = Slices(start, end, ids, ids, colour, end)
    boxes = boxes_of(2, slices, (0, 200), 6)
    # 21 ns of colour 1 against 15 of colour 6, then one that is wider than a pixel of 64 ns
    assert boxes["colour"].tolist() == [1, 3] and boxes["item_count"].tolist() == [4, 1]
    assert boxes["label_id"].tolist() == [-1, 4] and boxes["ref"].tolist() == [0, 4]
    assert boxes["busy_frac"] == pytest.approx([36 / 64, 1])
    # the third alone: the first two are over, and the others have not begun
    assert boxes_of(2, slices, (16, 40), 6)["ref"].tolist() == [2]


def test_a_slice_is_seen_after_a_later_one_has_ended() -> None:
    end = np.array([100, 20, 30])
    slices = _slices([np.array([0, 10, 25]), end, np.arange(3), np.zeros(3, np.int32)], 4)
    assert boxes_of(0, slices, (50, 60), 0)["ref"].tolist() == [0]
    # those that were stored out of order are sorted
    unsorted = [np.array(times) for times in ([25, 0], [30, 100], [0, 1], [0, 0])]
    turned = _slices(unsorted, 4)
    assert turned.start.tolist() == [0, 25] and turned.reach.tolist() == [100, 100]


def test_slices_that_were_added_up_before_change_no_box(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline_index, "_MANY_SLICES", 2)
    monkeypatch.setattr(timeline_index, "_BINS", 256)
    one = Timeline(study, 1)
    for pixels in (1, 5, 40, 100):
        wide = _boxes(one.window(0, one.span_ns, pixels, (0, 99)))
        assert sum(len(of.start) for of in one._coarse.values()) < one.slice_count
        kept, one._coarse = one._coarse, {}
        exact = _boxes(one.window(0, one.span_ns, pixels, (0, 99)))
        one._coarse = kept
        for name, column in exact.items():
            assert wide[name].tolist() == pytest.approx(column.tolist()), name
    one.close()


def test_a_window_has_only_its_lines_and_its_time(timeline: Timeline) -> None:
    stream = _line(timeline, "stream")
    middle = timeline.span_ns // 2
    boxes = _boxes(timeline.window(middle, middle + 50_000, 1000, (stream, stream)))
    assert set(boxes["line"]) == {stream}
    assert (boxes["end"] > middle).all() and (boxes["start"] < middle + 50_000).all()


def test_launches_that_wait_are_counted(timeline: Timeline) -> None:
    (queue,) = timeline.counters(0, timeline.span_ns + 1, 1_000_000)
    assert (queue["counter"], queue["device_id"]) == ("queue", 0)
    # each kernel is launched 10 us after the one before, and a product takes 20
    assert queue["points"][0][2] == 1 and queue["points"][-1][2] == 0
    largest = max(point[1] for point in queue["points"])
    few = timeline.counters(0, timeline.span_ns + 1, 10)[0]["points"]
    assert len(few) <= 11 and max(point[1] for point in few) == largest > 1
    middle = timeline.span_ns // 2
    part = timeline.counters(middle, middle + 1000, 1000)[0]["points"]
    assert part[0][0] == middle
    assert part[0][2] == [point[2] for point in queue["points"] if point[0] < middle][-1]


def test_lanes_join_equal_neighbours(timeline: Timeline) -> None:
    boxes = _boxes(timeline.window(0, timeline.span_ns, 100_000, (0, 99)))
    steps = boxes["line"] == _line(timeline, "step")
    assert [timeline.labels()[label] for label in boxes["label"][steps]] == ["0", "1", "2", "3"]


def test_a_lane_s_value_ends_with_its_work() -> None:
    start, end = np.array([0, 12, 100]), np.array([10, 40, 110])
    numbers = np.arange(3, dtype=np.int32)
    work = Work(numbers, np.zeros(3, np.int32), np.zeros(3, np.int64), start, end, numbers)
    for values, spans_idle, expected in (
        # until the second has ended, not until the third begins
        ([5, 5, 7], True, [(0, 40, 5, 0), (100, 110, 7, 2)]),
        ([5, -1, 7], True, [(0, 10, 5, 0), (100, 110, 7, 2)]),
        ([-1, -1, -1], True, []),
        ([5, 5, 5], True, [(0, 110, 5, 0)]),
        # idle for 60 ns after 28, and for 2 after 10
        ([5, 5, 5], False, [(0, 40, 5, 0), (100, 110, 5, 2)]),
    ):
        runs = _runs(work, slice(0, 3), np.array(values, np.int32), 11, spans_idle=spans_idle)
        assert [*zip(runs.start, runs.end, runs.label, runs.ref, strict=True)] == expected


def test_search_finds_each_slice_in_order_of_time(timeline: Timeline) -> None:
    hits = _boxes(timeline.search("S16816GEMM"))
    assert len(hits["start"]) == LAYERS * STEPS
    assert (np.diff(hits["start"]) > 0).all()
    assert len(_boxes(timeline.search("<img"))["start"]) == LAYERS * STEPS
    assert timeline.search("%") == bytes(8)


def test_a_range_adds_up_at_every_level(timeline: Timeline, study: Path) -> None:
    middle = timeline.base_ns + timeline.span_ns // 2
    rows = timeline.sums(-timeline.base_ns, timeline.span_ns // 2)
    with Study(study) as opened:
        total = opened.sql(
            f"SELECT sum(least(start_ns + dur_ns, {middle}) - start_ns) FROM work "
            f"WHERE trace_id = 1 AND start_ns < {middle}"
        ).item()
    for level in ("category", "kernel", "module", "component", "operator"):
        found = [row for row in rows if row["level"] == level]
        assert sum(row["work_ns"] for row in found) == total
        assert sum(row["work_frac"] for row in found) == pytest.approx(1)
    assert {row["name"] for row in rows if row["level"] == "kernel"} == {GEMM, SOFTMAX, EVIL}


def test_facts_of_a_kernel_lead_to_its_call_and_its_equals(timeline: Timeline) -> None:
    hits = _boxes(timeline.search(GEMM))
    facts = facts_of(timeline, "stream", int(hits["ref"][0]))
    assert facts["name"] == GEMM and facts["start_ns"] == hits["start"][0]
    assert facts["launch_call"] == "cudaLaunchKernel" and facts["operator_chain"] == "aten::mm"
    assert facts["launch_delay_ns"] == facts["start_ns"] - facts["call_start_ns"] > 0
    assert facts["flops"] == 2 * 64 * 32 * 64
    # the first layer's shape occurs once a step
    (same,) = timeline.asked("same_shape", of_work=int(hits["ref"][0]))
    assert same["work_count"] == STEPS and same["previous_id"] is None
    assert facts_of(timeline, "stream", same["next_id"])["step"] == 1
    call = facts_of(timeline, "call", facts["call_id"])
    assert (call["kernel_count"], call["first_work_id"]) == (1, int(hits["ref"][0]))
    evil = _boxes(timeline.search("<img"))
    assert facts_of(timeline, "stream", int(evil["ref"][0]))["name"].endswith(r"\x1b[31m")
    with pytest.raises(UserError, match="no copy with the number 99"):
        facts_of(timeline, "copy", 99)


def test_a_predicted_length_is_marked_as_everywhere() -> None:
    row: dict[str, Any] = {
        "time_source": "predicted",
        "time_low_ratio": 0.75,
        "time_high_ratio": 1.3,
    }

    class Predicted:
        base_ns = 0

        def asked(self, _: str, **__: int) -> list[dict[str, Any]]:
            return [dict(row)]

    marked = facts_of(Predicted(), "stream", 1)["marked"]  # type: ignore[arg-type]
    assert marked == f"{mark(row)}, {NO_GAPS}" and "x 0.75 to 1.3" in marked
    row.clear()
    assert facts_of(Predicted(), "stream", 1)["marked"] is None  # type: ignore[arg-type]


def test_a_few_timelines_are_kept(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_index, "_OPEN", 1)
    kept = Timelines(study)
    first = kept.of(1)
    assert kept.of(1) is first and kept.of(2).trace_id == 2
    assert kept.of(1) is not first
    kept.close()


def test_classes_have_their_places_in_the_list_of_colours() -> None:
    assert SLICE_COLOURS[: len(CATEGORY_COLOUR)] == (*CATEGORY_COLOUR.values(),)
    found = colours_of(np.array([0, 1, 2, -1]), ["softmax", "attention", "of another version"])
    assert found.tolist() == [
        [*CATEGORY_COLOUR].index(name) for name in ("softmax", "attention", "other", "unclassified")
    ]


@pytest.mark.parametrize("file", app_relations().values(), ids=lambda file: file.name)
def test_headers_agree_with_the_statements(file: Any, study: Path, timeline: Timeline) -> None:
    shipped = [other for room in sql_file.LAYERS for other in sql_file.load_layer(room)]
    assert set(file.inputs) == sql_file.reads(
        file.statement, [other.name for other in shipped if other.is_macro]
    )
    timeline.counters(0, 1, 1)  # creates what some of them read
    con = timeline._con.cursor()
    relations.create(con, [file.name])
    described = con.execute(f"DESCRIBE FROM {file.name}()").fetchall()
    assert list(file.columns) == [row[0] for row in described]
    assert "HUGEINT" not in {row[1] for row in described}
