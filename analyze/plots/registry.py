"""Find the plot of a metric: analyze/plots/<metric>.py, if there is one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from genscope.errors import UserError

NOT_PLOTS = {"__init__", "registry", "save", "theme", "shape"}


def names() -> list[str]:
    """Metrics that have a plot, by name."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem for stem in stems if stem not in NOT_PLOTS)


def plot_of(name: str) -> Callable[[Any], Any]:
    """The function that turns a metric's pandas frame into a HoloViews element.

    Raises UserError if the metric has no plot; the function itself raises it if there is nothing to draw.
    """
    if name not in names():
        raise UserError(
            f"found no plot named {name!r}; expected one of: {', '.join(names())}; "
            "any query can be written as a table with 'genscope query'"
        )
    module = import_module(f"genscope.analyze.plots.{name}")

    def draw(frame: Any) -> Any:
        if frame.empty:
            raise UserError(f"{name}: found no rows to draw; see 'genscope query {name}'")
        element = module.plot(frame)
        if element is None:
            raise UserError(
                f"{name}: found {len(frame)} rows, none of which can be drawn; "
                f"see 'genscope query {name}'"
            )
        return element

    return draw
