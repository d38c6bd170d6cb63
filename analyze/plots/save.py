"""Write one plot to a file: .html with Bokeh, .png or .svg with matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyze.errors import UserError
from analyze.plots import theme

BACKENDS = {".html": "bokeh", ".png": "matplotlib", ".svg": "matplotlib"}


def save_plot(element: Any, path: str | Path) -> Path:
    """Write `element` to `path` and return the path. Raises UserError for another ending."""
    out = Path(path)
    if out.suffix not in BACKENDS:
        raise UserError(f"{out}: found ending {out.suffix!r}; expected .html, .png or .svg")
    if not out.parent.is_dir():
        raise UserError(f"{out}: found no folder {out.parent}; make it first")
    if BACKENDS[out.suffix] == "bokeh":
        out.write_text(_page(element), encoding="utf-8")
        return out
    _save_figure(element, out)
    return out


def _page(element: Any) -> str:
    from bokeh.embed import components

    figures = [theme.bokeh_figure(panel) for panel in theme.panels_of(element)]
    script, divs = components(figures)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>genscope</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{theme.inline_script()}</head>\n<body>{''.join(divs)}{script}</body></html>\n"
    )


def _save_figure(element: Any, out: Path) -> None:
    import matplotlib.pyplot as plt

    hv = theme.holoviews()
    figure = hv.render(theme.for_matplotlib(element), backend="matplotlib")
    try:
        figure.savefig(out, dpi=150, bbox_inches="tight", facecolor="white")
    finally:
        plt.close(figure)
