"""A timeline's boxes add up to the trace's slices at any zoom, and a click's facts to SQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workbench import EVIL, GEMM, LAYERS, SOFTMAX, STEPS, study_of_all

from genscope.analyze.app import timeline_index
from genscope.analyze.app.colours import SLICE_COLOURS
from genscope.analyze.app.facts import facts_of
from genscope.analyze.app.relations import app_relations
from genscope.analyze.app.timeline_index import Timeline, Timelines
from genscope.analyze.plots.theme import CATEGORY_COLOUR
from genscope.analyze.sql_file import LAYERS as ROOMS
from genscope.analyze.sql_file import load_layer, reads
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


def test_the_grid_changes_no_box(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_index, "_MANY_SLICES", 0)
    monkeypatch.setattr(timeline_index, "_BINS", 256)
    coarse, fine = Timeline(study, 1), Timeline(study, 1)
    fine._grids = []
    assert [wide // coarse._grid_ns for wide in coarse._grids] == [256, 64, 16, 4, 1]
    for pixels in (1, 5, 40, 200):
        wide, exact = (
            _boxes(one.window(0, one.span_ns, pixels, (0, 99))) for one in (coarse, fine)
        )
        for name in ("start", "end", "line", "count", "colour"):
            assert (wide[name] == exact[name]).all(), name
        assert wide["busy"] == pytest.approx(exact["busy"])


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


def test_search_finds_each_slice_in_order_of_time(timeline: Timeline) -> None:
    hits = _boxes(timeline.search("S16816GEMM"))
    assert len(hits["start"]) == LAYERS * STEPS
    assert (np.diff(hits["start"]) > 0).all()
    assert len(_boxes(timeline.search("<img"))["start"]) == LAYERS * STEPS
    assert timeline.search("%") == bytes(8)


def test_a_range_adds_up_at_every_level(timeline: Timeline, study: Path) -> None:
    middle = timeline.base_ns + timeline.span_ns // 2
    rows = timeline.asked("range_sum", from_ns=0, until_ns=middle)
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


def test_a_few_timelines_are_kept(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline_index, "_OPEN", 1)
    kept = Timelines(study)
    first = kept.of(1)
    assert kept.of(1) is first and kept.of(2).trace_id == 2
    assert kept.of(1) is not first
    kept.close()


def test_classes_have_their_places_in_the_list_of_colours() -> None:
    text = app_relations()["timeline_work"].statement
    places = [text.index(f"'{category}'") for category in CATEGORY_COLOUR]
    assert places == sorted(places) and SLICE_COLOURS[: len(places)] == (*CATEGORY_COLOUR.values(),)


@pytest.mark.parametrize("file", app_relations().values(), ids=lambda file: file.name)
def test_headers_agree_with_the_statements(file: Any, study: Path, timeline: Timeline) -> None:
    shipped = [other for room in ROOMS for other in load_layer(room)]
    assert set(file.inputs) == reads(
        file.statement, [other.name for other in shipped if other.is_macro]
    )
    if "timeline_counter" in file.inputs:
        timeline.counters(0, 1, 1)
    if "timeline_bin" in file.inputs:
        # this timeline has too few slices for grids
        same = {"timeline_wide_window": "timeline_window", "timeline_coarse_bin": "timeline_bin"}
        assert list(file.columns) == list(app_relations()[same[file.name]].columns)
        return
    con = timeline._con.cursor()
    timeline_index.relations.create(con, [file.name])
    described = con.execute(f"DESCRIBE FROM {file.name}()").fetchall()
    assert list(file.columns) == [row[0] for row in described]
    assert "HUGEINT" not in {row[1] for row in described}
