"""An axis has few ticks, at values that mean something, and ends where its backend can draw it."""

import pandas as pd
import pytest

from genscope.analyze.plots import axis, charts, theme


def test_log_ticks_are_few_and_keep_their_distance() -> None:
    places = [place for place, _ in axis.ticks(pd.Series([64, 77, 256, 4096]), True)]
    assert places == [64, 256, 4096]
    assert axis.ticks(pd.Series([0.5, 30.0]), True)[0][1] == "0.1"
    assert axis.ticks(pd.Series([33.2, 33.2]), True) == [(33.2, "33.2")]
    # a log axis from 1 to 12 has no 1.5, but one of 1.2 and 1.9 has
    counts, rates = (
        axis.ticks(pd.Series(range(1, 13)), True),
        axis.ticks(pd.Series([1.2, 1.9]), True),
    )
    assert (1.5 in dict(counts), 1.5 in dict(rates)) == (False, True)


def test_an_axis_of_few_whole_numbers_has_no_fractions() -> None:
    assert axis.ticks(pd.Series([2, 0]), False) == [(0, "0"), (1, "1"), (2, "2")]
    for values in ([0, 0.5, 1], [0, 160], [3, 3], []):
        assert axis.ticks(pd.Series(values, dtype=float), False) == []


def test_a_log_axis_of_one_value_ends_above_zero(caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame([(141.0, 0.3, "a")], columns=["x", "y", "series"])
    axes = charts.Axes("x", "y", log_x=True, log_y=True)
    element = charts.points(frame, x="x", y="y", series="series", axes=axes, title="t")
    figure = theme.bokeh_figure(element)
    assert (figure.x_range.start, figure.x_range.end) == (70.5, 282)
    assert not caplog.records
    assert axis.limits(pd.Series([3.0]), False) is None
