"""Find the plot of a metric: analyze/plots/<metric>.py, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from genscope.analyze.near import suggestion
from genscope.analyze.plots import theme
from genscope.errors import UserError

NOT_PLOTS = {
    "__init__", "registry", "save", "theme", "charts", "axis", "rectangles", "stacked", "legend",
}  # fmt: skip


def names() -> list[str]:
    """Metrics that have a plot, by name."""
    stems = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(stem for stem in stems if stem not in NOT_PLOTS)


def plot_of(name: str) -> Callable[[Any], Any]:
    """Return the function that turns a metric's pandas frame into a HoloViews element.

    Raises UserError if the metric has no plot. The function raises it if there is nothing to draw.
    """
    if name not in names():
        raise UserError(
            f"{name!r} has no plot; 'genscope query' prints any query as a table"
            f"{suggestion(name, names())}"
        )
    module = import_module(f"genscope.analyze.plots.{name}")

    def draw(frame: Any) -> Any:
        if frame.empty:
            raise UserError(f"{name} has no rows to draw; see 'genscope query {name}'")
        with drawing(name):
            element = module.plot(theme.bounded(frame))
        if element is None:
            rows = "its row" if len(frame) == 1 else f"none of its {len(frame)} rows"
            can = "can't" if len(frame) == 1 else "can"
            raise UserError(f"{name}: {rows} {can} be drawn; see 'genscope query {name}'")
        return element

    return draw


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """Turn any error into a UserError of one line: plotting libraries can raise anything on odd rows."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        lines = str(error).splitlines() or [""]
        raise UserError(
            f"the plot of {name} can't be drawn ({type(error).__name__}: {lines[0][:200]})"
        ) from error
