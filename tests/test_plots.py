"""Every plot draws the rows of its metric's own fixture, in both backends, and adds nothing up wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load.tables import create_schema, metrics
from genscope.analyze.plots import charts, registry, theme
from genscope.analyze.plots.save import save_plot
from genscope.analyze.refusal import create_metrics, refused
from genscope.analyze.report.figure_json import figure_json
from genscope.analyze.sql_file import SqlFile, create_statement, load_layer
from genscope.errors import UserError

FIXTURES = Path(__file__).parent / "queries"
METRICS = {file.name: file for file in load_layer("metric")}
RULES = {file.name for file in load_layer("rules") if not file.inputs}
MACROS = {file.name for file in load_layer("interval")}


def _frame(con: duckdb.DuckDBPyConnection, relation: SqlFile, case: str) -> Any:
    """The metric's rows over the CSVs of one of its fixtures."""
    folder = FIXTURES / relation.name / case
    con.execute("CREATE OR REPLACE SCHEMA given")
    for name in relation.inputs:
        if name in MACROS:
            continue
        # rules are themselves
        rows = "" if name in RULES else "LIMIT 0"
        con.execute(f"CREATE TABLE given.{name} AS SELECT * FROM {name} {rows}")
        if (folder / f"{name}.csv").is_file():
            rows = f"read_csv('{folder / name}.csv', all_varchar = true, header = true)"
            con.execute(f"INSERT INTO given.{name} BY NAME SELECT * FROM {rows}")
    con.execute("SET search_path = 'given,temp.main,memory.main'")
    if relation.params:
        con.execute(create_statement(relation).replace(relation.name, "given.asked", 1))
    source = "given.asked()" if relation.params else f"({relation.statement})"
    if relation.params.keys() >= {"first", "second"}:
        # two different traces: a trace does not differ from itself
        ends = con.execute("SELECT min(name), max(name) FROM given.trace").fetchone() or ()
        source = "given.asked(first := '{}', second := '{}')".format(*ends)
    frame = con.execute(f"SELECT * FROM {source}").df()
    con.execute("SET search_path = 'memory.main'")
    con.execute("DROP SCHEMA given CASCADE")
    return frame


@pytest.fixture(scope="module")
def study() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    create_schema(con)
    create_metrics(con, metrics().values(), refused(con))
    return con


def _drawable(study: duckdb.DuckDBPyConnection, name: str) -> Any:
    """A frame of the metric that has something to draw: of its first fixture that has."""
    for case in ("plain", "two_traces", *sorted(p.name for p in (FIXTURES / name).iterdir())):
        frame = _frame(study, METRICS[name], case)
        if frame.empty:
            continue
        try:
            return registry.plot_of(name)(frame)
        except UserError:
            continue
    raise AssertionError(f"no fixture of {name} can be drawn")


@pytest.mark.parametrize("name", registry.names())
def test_every_plot_belongs_to_a_metric_and_is_drawn_by_both_backends(
    name: str, study: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    assert METRICS[name].sections["Plot"], f"{name} has a plot but no Plot: line in its header"
    element = _drawable(study, name)
    for panel in theme.panels_of(element):
        figure = theme.bokeh_figure(panel)
        drawn = [r for r in figure.renderers if len(next(iter(r.data_source.data.values()), []))]
        assert drawn, "the Bokeh figure holds no rows"
        assert figure.title.text
    out = save_plot(element, tmp_path / "plot.svg")
    assert len(re.findall("<path", out.read_text())) > 10


@pytest.mark.parametrize("name", ["roofline", "operator_breakdown"])
def test_a_report_holds_the_json_that_bokeh_writes(
    name: str, study: duckdb.DuckDBPyConnection
) -> None:
    from bokeh.document import Document

    for panel in theme.panels_of(_drawable(study, name)):
        figure = theme.bokeh_figure(panel)
        found = json.loads(figure_json(figure))
        document = Document()
        document.add_root(figure)
        wanted = json.loads(json.dumps(document.to_json(deferred=False)))
        # each document has its own configuration
        assert found.pop("config")["name"] == wanted.pop("config")["name"]
        assert found == wanted


def test_every_metric_that_names_a_plot_has_one() -> None:
    named = {name for name, file in METRICS.items() if "Plot" in file.sections}
    assert named == set(registry.names())


def test_a_png_and_a_page_are_written_and_another_ending_is_refused(
    study: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    element = _drawable(study, "operator_breakdown")
    assert save_plot(element, tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    page = save_plot(element, tmp_path / "plot.html").read_text()
    assert "Bokeh" in page
    assert "<script src" not in page
    with pytest.raises(UserError, match=r"use \.html, \.png or \.svg"):
        save_plot(element, tmp_path / "plot.pdf")
    with pytest.raises(UserError, match="doesn't exist"):
        save_plot(element, tmp_path / "missing" / "plot.png")


def test_an_unknown_plot_and_no_rows_are_the_users_to_mend() -> None:
    import pandas as pd

    with pytest.raises(UserError, match="'nothing' has no plot"):
        registry.plot_of("nothing")
    with pytest.raises(UserError, match="has no rows to draw"):
        registry.plot_of("ledger")(pd.DataFrame())


def _rectangles(element: Any) -> list[tuple[float, float, float, float, str, float, str, str]]:
    return [tuple(row) for row in element.data.to_numpy()]


def test_bars_start_at_zero_and_stack_in_the_order_of_the_colours() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        [("run", "linear", 30.0), ("run", "attention", 10.0), ("other", "linear", 5.0)],
        columns=["run", "class", "ms"],
    )
    element = charts.bars(
        frame,
        label="run",
        part="class",
        value="ms",
        axis="ms",
        title="t",
        known=theme.CATEGORY_COLOUR,
    )
    edges = {(row[4], row[6]): (row[0], row[2]) for row in _rectangles(element)}
    assert edges == {
        ("run", "attention"): (0, 10),
        ("run", "linear"): (10, 40),
        ("other", "linear"): (0, 5),
    }


def test_a_negative_part_lies_left_of_zero() -> None:
    import pandas as pd

    frame = pd.DataFrame([("a", "x", -4.0), ("a", "y", 3.0)], columns=["run", "part", "ms"])
    element = charts.bars(frame, label="run", part="part", value="ms", axis="ms", title="t")
    assert sorted((row[0], row[2]) for row in _rectangles(element)) == [(-4, 0), (0, 3)]


def test_two_runs_whose_names_are_cut_alike_stay_two_bars() -> None:
    import pandas as pd

    names = [f"{'x' * 80}{end}{'y' * 80}" for end in "ab"]
    frame = pd.DataFrame({"run": names, "ms": [1.0, 2.0]})
    element = charts.bars(frame, label="run", part=None, value="ms", axis="ms", title="t")
    assert len(_rectangles(element)) == 2
    labels = theme.bokeh_figure(element).yaxis[0].major_label_overrides.values()
    assert len(set(labels)) == 2


def test_a_class_has_one_colour_and_the_rest_folds() -> None:
    assert theme.fold_category("attention") == "attention"
    assert theme.fold_category("communication") == "other"
    assert len(set(theme.CATEGORY_COLOUR.values())) == len(theme.CATEGORY_COLOUR)
    assert theme.colours(["linear"], theme.CATEGORY_COLOUR) == {"linear": "#0072b2"}


def test_predicted_times_are_marked_on_the_axis() -> None:
    fitted = {"predicted": True, "time_low_ratio": 0.75, "time_high_ratio": 1.3}
    estimate = {"time_source": "predicted", "time_low_ratio": 0.5625, "time_high_ratio": 1.69}
    assert theme.run_label("run", fitted) == "run (predicted, x 0.75 to 1.3)"
    assert theme.run_label("run", estimate) == "run (predicted, x 0.56 to 1.7)"
    assert theme.run_label("run", {"predicted": False, "time_low_ratio": None}) == "run"
    assert (
        theme.run_label("run", {"time_sources": "gpu, predicted"})
        == "run (predicted, x 0.56 to 1.7)"
    )


def test_text_that_bokeh_would_take_for_tex_is_defused() -> None:
    assert "$$" not in theme.plain("kernel$$x$$")
    assert "\\" not in theme.plain(r"kernel\(x\)")


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (4096, "4096"), (12_000, "12k"), (3e9, "3G"), (2e6, "2M")]
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert theme.number(value) == text


def test_titles_give_times_without_exponents() -> None:
    texts = [charts.duration(ms) for ms in (0.0123, 21.5, 999.7, 1125.367833)]
    assert texts == ["0.0123 ms", "21.5 ms", "0.9997 s", "1.125 s"]
    import pandas as pd

    rows = [("copy", -1.5e9), ("linear", 3e8), ("all", -1.2e9)]
    frame = pd.DataFrame(rows, columns=["category", "difference_ns"])
    element = registry.plot_of("trace_comparison")(frame.assign(attention_partition="core"))
    assert "takes 1.2 s less" in theme.bokeh_figure(element).title.text


def test_a_range_holds_its_middle_and_the_line_of_no_change() -> None:
    import pandas as pd

    frame = pd.DataFrame([("run", 0.8, 2.0, 3.0)], columns=["row", "low", "middle", "high"])
    element = charts.ranges(
        frame, label="row", low="low", middle="middle", high="high", axis="times", title="t"
    )
    spans = {row[6]: row for row in _rectangles(element)}
    assert spans["interval"][0::2][:2] == (0.8, 3.0)
    assert spans["median"][0] < 2.0 < spans["median"][2]
    assert spans["no change"][0] < 1.0 < spans["no change"][2]


def test_a_label_that_is_cut_keeps_its_end() -> None:
    name = "phenaki · flash · 128 px · 11 frames (predicted, x 0.75 to 1.3) · a component with a very long name · end"
    lines = theme.wrapped(name).splitlines()
    assert len(lines) == theme.MAX_LINES
    assert lines[-1].endswith("· end")


def test_lines_of_one_colour_differ_in_their_dashes() -> None:
    import pandas as pd

    rows = [(1, 1.0, "a"), (2, 2.0, "a"), (1, 2.0, "b"), (2, 3.0, "b")]
    frame = pd.DataFrame(rows, columns=["x", "y", "series"])
    of_both: dict[str, Any] = {
        "x": "x",
        "y": "y",
        "series": "series",
        "axes": charts.Axes("x", "y"),
        "title": "t",
    }
    ceilings = {"c": [(1.0, 3.0), (2.0, 3.0)], "d": [(1.0, 4.0), (2.0, 4.0)]}
    for element in (
        charts.lines(frame, **of_both, known={"a": "#d55e00", "b": "#d55e00"}),
        charts.points(frame, **of_both, ceilings=ceilings),
    ):
        glyphs = [renderer.glyph for renderer in theme.bokeh_figure(element).renderers]
        lines = [glyph for glyph in glyphs if type(glyph).__name__ == "Line"]
        assert [bool(line.line_dash) for line in lines] == [False, True]


def test_hit_rates_of_two_traces_are_never_added_up(study: duckdb.DuckDBPyConnection) -> None:
    element = registry.plot_of("cache_hit")(_frame(study, METRICS["cache_hit"], "two_traces"))
    ends = [row[2] for row in _rectangles(element)]
    assert max(ends) == pytest.approx(75)
