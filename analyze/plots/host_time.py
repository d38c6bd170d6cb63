"""How much of each range ran no operator: a bar per range, split into operators, waits and the rest."""

from typing import Any

from genscope.analyze.plots import charts, theme

PARTS = {"operators and calls": "#0072b2", "waits": "#e69f00", "neither": theme.GREY}
# of each trace: a job has dozens, most of them too short to be seen
MOST_RANGES = 8
_COLUMNS = {"operators and calls": "operator_ns", "waits": "wait_ns", "neither": "host_ns"}


def plot(frame: Any) -> Any:
    """Draw stacked bars from host_time in ms, most time without operators first within each trace.

    Of each trace, only the MOST_RANGES ranges that take the most time.
    """
    ranges = _longest(frame)
    some = "" if len(ranges) == len(frame) else f", the {MOST_RANGES} longest ranges of each trace"
    ranges["range"] = [
        f"{trace} · {kind} {name}" if kind != "step" else f"{trace} · steps"
        for trace, kind, name in zip(
            ranges["trace_name"], ranges["kind"], ranges["name"], strict=True
        )
    ]
    wide = ranges.rename(columns={column: part for part, column in _COLUMNS.items()})
    long = wide.melt(
        id_vars=["trace_id", "range"], value_vars=list(_COLUMNS), var_name="part", value_name="ns"
    )
    long["ms"] = long["ns"].astype(float) / 1e6
    order = {name: place for place, name in enumerate(ranges["range"])}
    long = long.assign(place=long["range"].map(order)).sort_values(
        ["trace_id", "place"], kind="stable"
    )
    return charts.bars(
        long,
        label="range",
        part="part",
        value="ms",
        axis="time in the range (ms)",
        title=f"How much of each range ran no operator{some}",
        known=PARTS,
    )


def _longest(frame: Any) -> Any:
    """The ranges that take the most time of each trace, in the frame's order."""
    rank = frame.groupby("trace_id")["range_ns"].rank(method="first", ascending=False)
    return frame[rank <= MOST_RANGES].copy()
