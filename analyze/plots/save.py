"""Write one plot to a file: .html with Bokeh, .png or .svg with matplotlib."""

from __future__ import annotations

import re
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

from genscope.analyze.plots import registry, theme
from genscope.analyze.whole_file import check_writable, write_whole
from genscope.errors import UserError

DOTS = 130
BACKENDS = {".html": "bokeh", ".png": "matplotlib", ".svg": "matplotlib"}


def save_plot(element: Any, path: str | Path) -> Path:
    """Write `element` to `path`, whole or not at all, and return the path.

    Raises UserError if the extension is another one, `path` can't be written, or the element can't
    be drawn.
    """
    out = Path(path)
    check_place(out)
    with registry.drawing(out.stem):
        if BACKENDS[out.suffix] == "bokeh":
            content: str | bytes = _page(element)
        else:
            content = _picture(element, out.suffix)
    write_whole(out, content)
    return out


def check_place(out: Path) -> None:
    """Raise UserError if a plot can't be written there. Call it before drawing, which takes seconds."""
    check_writable(out)
    if out.suffix not in BACKENDS:
        raise UserError(f"{out}: a plot can't be written in this format; use .html, .png or .svg")


def _page(element: Any) -> str:
    from bokeh.embed import components

    figures = [theme.bokeh_figure(panel) for panel in theme.panels_of(element)]
    script, divs = components(figures)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>genscope</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{inline_script()}</head>\n<body>{''.join(divs)}{script}</body></html>\n"
    )


def inline_script() -> str:
    """The script element with BokehJS in it, read from Bokeh's folder, because importing Bokeh takes half a second."""
    found = find_spec("bokeh")
    assert found is not None and found.origin is not None
    script = Path(found.origin).parent / "server/static/js/bokeh.min.js"
    return f"<script>{script.read_text(encoding='utf-8')}\nBokeh.set_log_level('info');</script>"


def _picture(element: Any, suffix: str) -> bytes:
    """Draw one figure per panel, each as high as it needs, and stack them vertically."""
    import matplotlib.pyplot as plt

    hv = theme.holoviews()
    pictures = []
    for panel in theme.panels_of(element):
        # hv.render would draw it twice
        figure = hv.renderer("matplotlib").get_plot(panel).state
        picture = BytesIO()
        # a panel's own PNG is read back at once, so packing it tightly takes time for nothing
        packing = {"pil_kwargs": {"compress_level": 1}} if suffix == ".png" else {}
        figure.savefig(
            picture,
            format=suffix[1:],
            dpi=DOTS,
            bbox_inches="tight",
            facecolor="white",
            **packing,
        )
        plt.close(figure)
        pictures.append(picture.getvalue())
    return _stacked_svg(pictures) if suffix == ".svg" else _stacked_png(pictures)


def _stacked_png(pictures: list[bytes]) -> bytes:
    import numpy as np
    from matplotlib import image

    panels = [image.imread(BytesIO(picture))[:, :, :3] for picture in pictures]
    width = max(panel.shape[1] for panel in panels)
    padded = [
        np.pad(panel, ((0, 0), (0, width - panel.shape[1]), (0, 0)), constant_values=1.0)
        for panel in panels
    ]
    whole = BytesIO()
    image.imsave(whole, np.vstack(padded), format="png", dpi=DOTS)
    return whole.getvalue()


def _stacked_svg(pictures: list[bytes]) -> bytes:
    """Stack the pictures as nested <svg> elements, with matplotlib's sizes in points."""
    top, width, panels = 0.0, 0.0, []
    for picture in pictures:
        text = picture.decode()
        body = text[text.index("<svg") :]
        size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
        if size is None:
            raise ValueError("matplotlib wrote an SVG without a viewBox")
        panels.append(body.replace("<svg", f'<svg y="{top}"', 1))
        top += float(size[2])
        width = max(width, float(size[1]))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{top}pt"'
    return f'{head} viewBox="0 0 {width} {top}">\n{"".join(panels)}</svg>\n'.encode()
