"""Query length from one attention call to the next: one panel for each distinct profile."""

from typing import Any

from genscope.analyze.plots import charts, theme
from genscope.errors import UserError

MAX_PANELS = 8
MAX_CALLS = 160


def plot(frame: Any) -> Any:
    """Draw steps from sequence_length_profile on a log axis; runs with the same lengths share a panel.

    Series with a single length are left out: a flat line says no more than the table. For causal
    attention the key length is drawn, because there the query is often one row. Raises UserError if
    no series is left.
    """
    known = frame[frame["query_len"].notna()].copy()
    known["length"] = known["kv_len"].where(known["attention_kind"] == "causal", known["query_len"])
    seen: dict[tuple[Any, ...], tuple[list[str], Any]] = {}
    for (name, component), calls in known.groupby(["trace_name", "component"], sort=False):
        shown = calls[calls["series_index"] < _shown(calls)]
        signature = tuple(shown["length"]) + tuple(shown["attention_kind"])
        seen.setdefault(signature, ([], shown))[0].append(f"{name} · {component}")
    several = [item for item in seen.values() if len(item[1]) > 1]
    varied = [item for item in several if _lengths(item[1]) > 1]
    varied.sort(key=lambda item: -_lengths(item[1]))
    if several and not varied:
        raise UserError("all calls of one kind in a component have one length; see the table")
    chosen = varied[:MAX_PANELS]
    return theme.panels([_panel(names, calls) for names, calls in chosen]) if chosen else None


def _shown(calls: Any) -> int:
    """The calls of two periods, so that the repetition is visible, but no more than fit."""
    period = calls["period_calls"].max()
    return int(min(2 * period if period == period else MAX_CALLS, MAX_CALLS))  # noqa: PLR0124


def _lengths(calls: Any) -> int:
    """The number of different lengths in the series that varies most."""
    return int(calls.groupby("attention_kind")["length"].nunique().max())


def _order(calls: Any) -> str:
    """The label of the x axis, with the periods of the kinds that have one."""
    periods = sorted({int(period) for period in calls["period_calls"].dropna() if period > 1})
    repeats = f"; repeats every {' or '.join(map(str, periods))} calls" if periods else ""
    return f"call number within the attention kind{repeats}"


def _panel(names: list[str], calls: Any) -> Any:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return charts.lines(
        calls,
        x="series_index",
        y="length",
        series="attention_kind",
        axes=charts.Axes(_order(calls), "query length (causal: key length)", log_y=True),
        title=f"{names[0]}{more}",
        known=theme.KIND_COLOUR,
        steps=True,
    )
