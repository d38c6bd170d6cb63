"""A report always comes: what can't be answered or drawn is a section that says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
import study_by_hand

from genscope.analyze.plots import charts, registry, theme
from genscope.analyze.report.traces_drawn import DECIDING
from genscope.analyze.study import Study

pytestmark = pytest.mark.usefixtures("drawn_here")
GRAPHS = (
    "INSERT INTO anomaly SELECT trace_id, 'graph_kernels_not_recorded', 1, NULL, NULL, "
    "'record with --cuda-graph-trace=node' FROM trace"
)
NO_WORK = "; ".join(
    f"DELETE FROM {table}"
    for table in ("work_row", "kernel_row", "attention_call", "component_scale")
)


def _report(folder: Path, *statements: str) -> str:
    path = study_by_hand.copy(folder / "study.duckdb")
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
        study_by_hand.add_up(con)
    with Study(path) as study:
        page = study.report(folder / "report.html").read_text(encoding="utf-8")
    assert 'id="glossary"' in page
    return unescape(page)


def draw_only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Leave the other plots out of a report: they take most of the time."""
    monkeypatch.setattr(registry, "names", lambda: [*names])


def ask_only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Leave the other queries out of a report, as far as its first page does without them."""
    relations, asked = Study.relations, {*names, "trace_summary", *DECIDING}
    monkeypatch.setattr(
        Study, "relations", lambda study: [r for r in relations(study) if r.name in asked]
    )


def _section(page: str, name: str) -> str:
    """The text of one section or, without rows, of its entry among those."""
    part = page[page.index(f'id="{name}">') :]
    return part[: part.index(f'id="{name}-sql"')]


def test_of_refused_traces_alone(tmp_path: Path) -> None:
    page = _report(tmp_path, GRAPHS)
    for name in ("operator_breakdown", "flash_contrast", "family_contrast", "gpu_time"):
        assert "record with --cuda-graph-trace=node." in _section(page, name)
        assert page.index(f'id="{name}"') > page.index('id="no-rows"')
    assert "run-1" in page[page.index('id="trace_summary"') :]


def test_of_traces_without_work_and_of_an_empty_study(tmp_path: Path) -> None:
    page = _report(tmp_path, NO_WORK)
    assert "neither kernels nor operators were recorded" in _section(page, "kernel_summary")
    page = _report(tmp_path.parent, "DELETE FROM trace")
    assert "The study holds no trace" in page


def test_of_two_traces_without_any_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_only(monkeypatch, "operator_shift")
    ask_only(monkeypatch, "operator_shift")
    same = "UPDATE work_row SET dur_ns = 40; UPDATE attention_call SET core_ns = 10"
    assert "There is no plot: operator_shift" in _section(_report(tmp_path, same), "operator_shift")


def test_of_names_of_a_megabyte_and_of_characters_that_have_no_shape(tmp_path: Path) -> None:
    odd = "unet\x01a\nb\u202ec\ue000d"
    long, shorter = (f"'{odd}' || repeat('x ', {count}) || 'tail'" for count in (500_000, 50_000))
    tables = ("work_component_text", "component_scale", "attention_call")
    page = _report(
        tmp_path,
        # most rows of most queries repeat the names of traces and components
        f"UPDATE work_text SET name = {long}; "
        f"UPDATE trace SET name = {shorter} || trace_id, model = {shorter}",
        *(f"UPDATE {table} SET component = {shorter}" for table in tables),
    )
    assert "<figure>" in _section(page, "attention_split")
    # all components have one name now, so each bar would be full
    assert "There is no plot: one component" in _section(page, "stage_time")
    assert "can't be drawn" not in page
    # the last is a letter of somebody's own font
    assert not any(odd in page for odd in ("t\x01a", "a\nb", "b\u202ec"))
    assert len(page) < 3_000_000
    assert 30 < max(map(len, re.findall(r"(?:x )+", page))) <= 1000


def test_of_a_plot_that_fails_whatever_it_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(reason: str) -> Callable[..., None]:
        def fails(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError(f"{reason}\nof two lines")

        return fails

    ask_only(monkeypatch, "frame_scaling", "operator_breakdown")
    monkeypatch.setattr(charts, "lines", failing("a reason"))
    # what fails only once it becomes a page
    monkeypatch.setattr(theme, "bokeh_figure", failing("a later reason"))
    page = _report(tmp_path)
    sentence = "There is no plot: the plot of {} can't be drawn (ZeroDivisionError: {})."
    assert sentence.format("frame_scaling", "a reason") in page
    assert sentence.format("operator_breakdown", "a later reason") in _section(
        page, "operator_breakdown"
    )


def test_of_a_query_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, "odd")
    own = tmp_path / "own"
    own.mkdir()
    (own / "odd.sql").write_text(
        "-- odd: an error.\n-- Why:   mine\n-- Grain: one row\n-- Inputs: trace\n-- Columns:\n"
        "--   size  of no use\nSELECT name::INTEGER AS size FROM trace\n"
    )
    path = study_by_hand.copy(tmp_path / "study.duckdb")
    with Study(path, queries=[own]) as study:
        page = study.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Could not convert string" in _section(page, "odd")


def test_a_plot_with_nothing_to_draw_is_none() -> None:
    import pandas as pd

    frame = pd.DataFrame({"run": ["a"] * 2, "x": [1.0, 2.0], "y": [float("nan")] * 2})
    axes = charts.Axes("x", "y")
    assert charts.lines(frame, x="x", y="y", series="run", axes=axes, title="t") is None
    assert charts.points(frame, x="x", y="y", series="run", axes=axes, title="t") is None
    bars = {"label": "run", "part": None, "axis": "ms", "title": "t"}
    assert charts.bars(frame, value="y", **bars) is None
    assert charts.bars(frame.assign(y=0.0), value="y", **bars) is None


def test_names_that_are_cut_alike_stay_apart() -> None:
    import pandas as pd

    middle = "y" * 500
    frame = pd.DataFrame({"name": [f"a{middle}a{middle}b", f"a{middle}c{middle}b", "short"]})
    found = list(theme.bounded(frame)["name"])
    assert len(set(found)) == 3 and found[2] == "short"
    assert max(map(len, found)) <= theme.NAME_LENGTH + len(" (2)")
    assert registry.names()
