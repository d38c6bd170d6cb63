"""Every colour and option of the plots, for Bokeh (HTML) and matplotlib (PNG, SVG) alike.

A category has one colour everywhere: Okabe-Ito, and wine of Paul Tol's muted scheme. Categories
without one fold into 'other'.
HoloViews is imported where it is used, because that takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import cycle
from typing import Any

from genscope.analyze.plots.legend import lay_out_legend
from genscope.analyze.predicted import SAYING, mark, unbroken

GREY = "#c8c8c8"
BLACK = "#000000"
_COLOURS = "#0072b2 #d55e00 #009e73 #e69f00 #cc79a7 #56b4e9 #f0e442 #000000"
OKABE_ITO = tuple(_COLOURS.split())

CATEGORY_COLOUR = {
    "attention": "#d55e00",
    "linear": "#0072b2",
    "convolution": "#009e73",
    "group_norm": "#cc79a7",
    "normalization": "#56b4e9",
    "softmax": "#f0e442",
    "elementwise": "#e69f00",
    "quantization": "#882255",
    "other": GREY,
    "unclassified": BLACK,
}
KIND_COLOUR = {
    "self": "#0072b2",
    "cross": "#e69f00",
    "self+text": "#56b4e9",
    "joint": "#cc79a7",
    "spatial": "#009e73",
    "temporal": "#d55e00",
    "causal": "#f0e442",
    "unattributed": GREY,
}
ANSWER_COLOUR = {"known": "#0072b2", "unknown": GREY}
MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex")
MARKERS_MATPLOTLIB = ("o", "s", "^", "D", "v", "h")

MAX_BARS = 80
ROW_PIXELS = 30
TITLE_LENGTH = 110
LINE_LENGTH = 36
MAX_LINES = 3
LINE_PIXELS = 15
AXIS_LENGTH = 34
NAME_LENGTH = 200
LEGEND_LENGTH = 56

_backends: ContextVar[tuple[str, ...]] = ContextVar("backends", default=("bokeh", "matplotlib"))


def holoviews() -> Any:
    """HoloViews with the backends in use loaded."""
    return _loaded(_backends.get())


@cache
def _loaded(backends: tuple[str, ...]) -> Any:
    import holoviews as hv

    hv.extension(*backends)
    return hv


@contextmanager
def only_bokeh() -> Iterator[None]:
    """Draw for a page only: loading matplotlib takes a second."""
    token = _backends.set(("bokeh",))
    try:
        yield
    finally:
        _backends.reset(token)


def fold_category(category: str) -> str:
    """The category as drawn: categories without their own colour are 'other'."""
    return category if category in CATEGORY_COLOUR else "other"


def run_labels(frame: Any) -> Any:
    """The label of each row's trace."""
    import pandas as pd

    rows = frame[[name for name in SAYING if name in frame]].to_dict("records")
    labels = [run_label(*run) for run in zip(frame["trace_name"], rows, strict=True)]
    return pd.Series(labels, index=frame.index, dtype=object)


def run_label(name: str, row: Mapping[str, Any]) -> str:
    """A trace's name as a label; if the row's times are predicted, their interval follows."""
    marked = mark(row)
    return f"{name} ({marked})" if marked else str(name)


def least_sure(rows: Any) -> Any:
    """The row whose times are predicted within the widest interval; the first one if all are measured."""
    return rows.sort_values("time_low_ratio", kind="stable", na_position="last").iloc[0]


def plain(text: str) -> str:
    """Text without TeX marks, for which Bokeh would fetch MathJax over the network.

    Characters that are not printable are escaped, because HoloViews fails on them.
    """
    text = text.replace("$$", "$ $").replace("\\", "/")
    return "".join(char if _is_shown(char) else _escaped(char) for char in text)


def _is_shown(char: str) -> bool:
    # the no-break space, and the joiners that words and emoji need
    return char.isprintable() or char in "\u00a0\u200c\u200d"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def bounded(frame: Any) -> Any:
    """The pandas frame with names cut to NAME_LENGTH; names that are then equal get a number."""
    import pandas as pd

    cut = {}
    for column in frame.columns:
        if pd.api.types.is_numeric_dtype(frame[column]):
            continue
        names = [name for name in frame[column].unique() if isinstance(name, str)]
        if any(len(name) > NAME_LENGTH for name in names):
            short = fitting(names, lambda name: shorten(name, NAME_LENGTH))
            cut[column] = frame[column].map(lambda name, short=short: short.get(name, name))
    return frame.assign(**cut) if cut else frame


def fitting(names: Iterable[str], fit: Callable[[str], str]) -> dict[str, str]:
    """Map each name to `fit(name)`; results that are equal get a number."""
    seen: dict[str, int] = {}
    found = {}
    for name in names:
        short = fit(name)
        seen[short] = seen.get(short, 0) + 1
        found[name] = short if seen[short] == 1 else f"{short} ({seen[short]})"
    return found


def legend_names(names: Iterable[str]) -> dict[str, str]:
    """Map each series to its name in the legend."""
    return fitting(names, lambda name: shorten(plain(str(name)), LEGEND_LENGTH))


def shorten(text: str, limit: int = 44) -> str:
    """The text, with its middle cut out if it is longer than `limit`."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[-(limit - 1 - head) :]}"


def wrapped(text: str, length: int = LINE_LENGTH) -> str:
    """A label for an axis in few lines, so that it leaves room for the plot on a phone.

    A long label loses its middle, because labels differ at their ends.
    """
    from textwrap import wrap

    text = unbroken(shorten(text, length * MAX_LINES))
    lines = wrap(text, length) or [""]
    limit = len(text)
    while len(lines) > MAX_LINES:
        limit -= 4
        lines = wrap(shorten(text, limit), length)
    return "\n".join(lines).replace("\u00a0", " ")


def colours(names: list[str], known: dict[str, str] | None = None) -> dict[str, str]:
    """A colour for each name: the known one, or the next of Okabe-Ito."""
    spare = cycle(OKABE_ITO)
    return {name: (known or {}).get(name) or next(spare) for name in names}


def panels_of(element: Any) -> list[Any]:
    """The panels of a layout in order; a single plot is its own panel."""
    hv = holoviews()
    return list(element) if isinstance(element, hv.Layout) else [element]


def panels(elements: list[Any]) -> Any:
    """Stack plots vertically with separate axes, without empty ones; None if all are empty."""
    drawn = [element for element in elements if element is not None]
    if not drawn:
        return None
    hv = holoviews()
    return drawn[0] if len(drawn) == 1 else hv.Layout(drawn).cols(1)


def bokeh_figure(element: Any) -> Any:
    """The Bokeh model of one panel, as wide as its page."""
    hv = holoviews()
    figure = hv.renderer("bokeh").get_plot(element).state
    figure.sizing_mode = "stretch_width"
    figure.toolbar.logo = None
    figure.toolbar.autohide = True
    lay_out_legend(figure)
    return figure


def sequential_palette(count: int) -> list[str]:
    """Colours from dark to light for ordered parts: viridis, which colour-blind people can read."""
    from bokeh.palettes import viridis

    return list(viridis(count)) if count else []


def number(value: float) -> str:
    """A number with three or four digits, and thousands as k, M, G."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    return f"{value:.4g}"


def apply_style(
    element: Any,
    kind: str,
    title: str,
    *,
    both: dict[str, Any],
    bokeh: dict[str, Any],
    matplotlib: dict[str, Any],
) -> Any:
    common = {"title": shorten(plain(shorten(title, NAME_LENGTH)), TITLE_LENGTH), **both}
    return set_options(
        element,
        kind,
        both=_literal(common),
        bokeh={"responsive": True, "toolbar": "right", "default_tools": ["save"], **bokeh},
        matplotlib={"fig_rcparams": _NO_TEX, **matplotlib},
    )


def set_options(
    element: Any,
    kind: str,
    *,
    both: dict[str, Any],
    bokeh: dict[str, Any],
    matplotlib: dict[str, Any],
) -> Any:
    """The element with options for the backends in use."""
    own = {"bokeh": bokeh, "matplotlib": matplotlib}
    options = getattr(holoviews().opts, kind)
    return element.opts(*(options(backend=name, **both, **own[name]) for name in _backends.get()))


# dollar signs are part of names, not TeX
_NO_TEX = {"text.parse_math": False}


def _literal(options: dict[str, Any]) -> dict[str, Any]:
    """The options with the title's braces escaped, because HoloViews formats titles."""
    return options | {"title": options["title"].replace("{", "{{").replace("}", "}}")}
