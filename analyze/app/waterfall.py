"""The difference of two traces as a waterfall: from A's time, by each part's change, to B's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genscope.analyze.plots import theme

MOST = 12
# blue and vermilion of Okabe-Ito, which colour-blind people tell apart
FASTER, SLOWER, WHOLE = "#0072b2", "#d55e00", "#8a9099"
_HEADROOM = 0.16
_ROW_PIXELS = 26


def steps_of(rows: Sequence[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """(name, from, to) in ms: A's total, the largest changes, the others as one, B's total."""
    first = sum(row["first_ns"] for row in rows) / 1e6
    second = sum(row["second_ns"] for row in rows) / 1e6
    shown = [row for row in rows[:MOST] if row["difference_ns"]]
    found, level = [("A", 0.0, first)], first
    for row in shown:
        change = row["difference_ns"] / 1e6
        found.append((row["name"], level, level + change))
        level += change
    if abs(second - level) > 1e-9:
        found.append((f"{len(rows) - len(shown)} others", level, second))
    return [*found, ("B", 0.0, second)]


def _without_rows(plot: Any, _: Any) -> None:
    """No lines across the names: they would run through the figures."""
    plot.state.ygrid.visible = False


def waterfall(rows: Sequence[dict[str, Any]], level: str, *, time: str, is_refused: bool) -> Any:
    """The HoloViews element, in one colour if the comparison is refused. The axis doesn't start at 0 if the changes are small compared with the totals."""
    hv = theme.holoviews()
    steps = steps_of(rows)
    names = [theme.shorten(theme.plain(name), 42) for name, _, _ in steps]
    levels = [end for name, _, end in steps]
    low, high = min(levels), max(levels)
    room = _HEADROOM * max(high - low, high * 0.02, 1e-6)
    start = max(0.0, low - 3 * room) if low > 0.3 * high else 0.0
    boxes, texts = [], []
    for place, (_, begin, end) in enumerate(steps):
        y = len(steps) - 1 - place
        whole = place in (0, len(steps) - 1)
        colour = WHOLE if whole or is_refused else SLOWER if end > begin else FASTER
        left, right = sorted((start if whole else begin, end))
        text = f"{end:,.1f}" if whole else f"{end - begin:+,.2f}".replace("-", "−")
        boxes.append((left, y - 0.36, right, y + 0.36, colour, steps[place][0], text))
        texts.append((right, y, f"  {text}"))
    broken = f" (the axis begins at {start:,.0f} ms)" if start else ""
    element = hv.Rectangles(boxes, vdims=["colour", "part", "change"]) * hv.Labels(texts)
    ticks = [(len(steps) - 1 - place, name) for place, name in enumerate(names)]
    return element.opts(
        hv.opts.Rectangles(
            color="colour",
            line_alpha=0,
            backend="bokeh",
            responsive=True,
            height=_ROW_PIXELS * len(steps) + 90,
            yticks=ticks,
            xlabel=f"{time}, ms{broken}",
            ylabel="",
            xlim=(start, high + 2.5 * room),
            ylim=(-0.6, len(steps) - 0.4),
            title=f"From A to B, by {level}",
            toolbar=None,
            default_tools=[],
            hooks=[_without_rows],
        ),
        hv.opts.Labels(
            text_align="left", text_font_size="8pt", text_color="#808a95", backend="bokeh"
        ),
    )
