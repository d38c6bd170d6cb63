"""Achieved FLOP/s by arithmetic intensity: whole runs, then the categories of the longest run."""

from typing import Any

from genscope.analyze.plots import charts, theme

MAX_MODELS = 18


def plot(frame: Any) -> Any:
    """Draw points from roofline on log axes under the device's ceilings, by operator_intensity."""
    known = frame[
        (frame["scope"] == "request")
        & frame["operator_intensity"].notna()
        & (frame["attained_flops_per_s"] > 0)
    ].copy()
    if known.empty:
        return None
    known["tflops"] = known["attained_flops_per_s"] / 1e12
    known["run"] = theme.run_labels(known)
    mark = known["costed_frac"].lt(charts.LEAST_COSTED_FRAC).map({True: charts.PARTLY, False: ""})
    known["series"] = known["category"].where(known["category"] != "all", known["run"]) + mark
    whole = known[known["category"] == "all"].sort_values("work_ns", ascending=False)
    if whole.empty:
        return None
    heavy = whole.iloc[0]
    categories = known[(known["trace_id"] == heavy["trace_id"]) & (known["category"] != "all")]
    palette = theme.CATEGORY_COLOUR
    palette = palette | {name + charts.PARTLY: colour for name, colour in palette.items()}
    # one point per model and attention, for its longest run, so that small models are shown too
    models = (
        whole.drop_duplicates(["model", "attention"]) if whole["model"].notna().any() else whole
    )
    found = [
        _panel(
            models.head(MAX_MODELS),
            "Whole requests: the longest run of each model and attention",
            None,
        )
    ]
    if not categories.empty:
        found.append(_panel(categories, f"Categories of {heavy['run']}", palette))
    return theme.panels(found)


def _panel(rows: Any, title: str, known: dict[str, str] | None) -> Any:
    return charts.points(
        rows,
        x="operator_intensity",
        y="tflops",
        series="series",
        axes=charts.Axes("operator intensity (FLOP/byte)", "TFLOP/s", log_x=True, log_y=True),
        title=title,
        known=known,
        ceilings=_ceilings(rows),
    )


def _ceilings(rows: Any) -> dict[str, list[tuple[float, float]]]:
    """For each bandwidth and dtype in `rows`, the line up to the ridge, then the highest peak."""
    found = {}
    peaks = rows[["dtype", "peak_flops_per_s", "peak_bytes_per_s"]].dropna()
    # products in several types share a lower peak, which is a mean and no ceiling
    peaks = peaks.sort_values("peak_flops_per_s", ascending=False)
    peaks = peaks.drop_duplicates(["dtype", "peak_bytes_per_s"])
    low = rows["operator_intensity"].min() / 2
    for dtype, flops, rate in peaks.itertuples(index=False):
        ridge = flops / rate
        high = max(rows["operator_intensity"].max(), ridge) * 2
        corners = [(min(low, ridge / 2), min(low, ridge / 2) * rate / 1e12)]
        corners += [(ridge, flops / 1e12), (high, flops / 1e12)]
        found[f"ceiling {dtype}, {flops / 1e12:.0f} TFLOP/s"] = corners
    return found
