"""HoloViews elements as Bokeh's JSON, for the page to draw, in its own colours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from genscope.analyze.plots import theme

# HoloViews keeps the options of all plots in global state
_drawing = threading.Lock()
_INK = {"light": "#59626d", "dark": "#97a1ad"}


@cache
def load_soon() -> threading.Thread:
    """Load HoloViews on another thread, once: the first plot would wait for it."""

    def load() -> None:
        with one_at_a_time(), theme.only_bokeh():
            theme.holoviews()

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    return thread


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold this while Bokeh or HoloViews is imported or draws."""
    with _drawing:
        from bokeh.core.property.validation import validate

        # an import on two threads at once can leave this off for all threads, and then no plot can be drawn
        with validate(True):
            yield


def items_of(draw: Callable[[], Any], arguments: Any) -> list[dict[str, Any]]:
    """Bokeh's JSON of each panel of the element that `draw` returns; `theme` is 'light' or 'dark'.

    Each has a `caption` too, its title, which the page writes so that it can wrap.
    """
    ink = _INK.get(arguments.get("theme", "light"), _INK["light"])
    with one_at_a_time(), theme.only_bokeh():
        from bokeh.embed import json_item
        from bokeh.themes import Theme

        figures = [theme.bokeh_figure(panel) for panel in theme.panels_of(draw())]
        for figure in figures:
            _clear(figure, ink)
        return [
            {**json_item(figure, theme=Theme(json={})), "caption": str(figure.title.text)}
            for figure in figures
        ]


def _clear(figure: Any, ink: str) -> None:
    """Let the page show through, with text that can be read on it."""
    figure.background_fill_color = figure.border_fill_color = None
    figure.outline_line_color = None
    figure.title.visible = False
    for axis in figure.axis:
        axis.axis_label_text_color = axis.major_label_text_color = ink
        axis.axis_line_color = axis.major_tick_line_color = ink
        axis.minor_tick_line_color = None
        # headings of groups have colours of their own
        for name in ("group_text_color", "subgroup_text_color"):
            if hasattr(axis, name):
                setattr(axis, name, ink)
    figure.grid.grid_line_color = ink
    figure.grid.grid_line_alpha = 0.2
    for legend in figure.legend:
        legend.background_fill_alpha = 0
        legend.border_line_alpha = 0
        legend.label_text_color = ink
