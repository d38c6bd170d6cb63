"""The figure of each lesson: what the runs take before and after, as stacked bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
from lesson import Chart, Runs
from lesson_measured import measured

from genscope.analyze.plots import charts, registry
from genscope.analyze.plots.save import save_plot
from genscope.analyze.predicted import HIGH, LOW, interval

_TIME = f"time (ms), {interval(LOW, HIGH)}"


def draw(chart: Chart, path: Path) -> None:
    """Write a PNG, small enough to be committed."""
    bar, part, length = zip(*chart.bars, strict=True)
    frame = pl.DataFrame({"bar": bar, "part": part, "length": length}).to_pandas()
    with registry.drawing("lesson"):
        element = charts.bars(
            frame,
            label="bar",
            part="part",
            value="length",
            axis=chart.axis,
            title=chart.title,
        )
    save_plot(element, path)


def shares(title: str, names: Sequence[str], *components: str) -> Callable[[Runs], Chart]:
    """Components' parts of the predicted time of some runs, in %."""

    def chart(runs: Runs) -> Chart:
        return Chart(
            title,
            "part of the predicted time (%)",
            tuple((n, c, 100 * runs.of[n].share(c)) for n in names for c in components),
        )

    return chart


def components(title: str, *names: str) -> Callable[[Runs], Chart]:
    """The predicted time of some runs by component, largest first."""

    def chart(runs: Runs) -> Chart:
        order = runs.of[names[0]].sums.group_by("component").agg(pl.col("work_ns").sum())
        parts = order.sort("work_ns", "component", descending=[True, False])["component"]
        return Chart(
            title,
            _TIME,
            tuple((n, c, runs.of[n].total("work_ns", c) / 1e6) for n in names for c in parts),
        )

    return chart


def categories(title: str, *names: str) -> Callable[[Runs], Chart]:
    """The bytes that some runs move, by category."""

    def chart(runs: Runs) -> Chart:
        return Chart(
            title,
            "bytes read and written (GB)",
            tuple(
                (name, category, size / 1e9)
                for name in names
                for category, size in runs.of[name]
                .sums.group_by("category")
                .agg(pl.col("bytes").sum())
                .sort("bytes", "category", descending=[True, False])
                .iter_rows()
                if size
            ),
        )

    return chart


def phases(title: str, *names: str) -> Callable[[Runs], Chart]:
    """The FLOPs of some runs by phase; of a run that doesn't train, as a whole."""

    def chart(runs: Runs) -> Chart:
        split = runs.answer("training_split")

        def parts(name: str) -> list[tuple[str, float]]:
            mine = split.filter(pl.col("run") == name, pl.col("flops") > 0)
            if not len(mine):
                return [("predict", runs.of[name].total("flops"))]
            summed = mine.group_by("phase").agg(pl.col("flops").sum()).sort("phase")
            return [(phase, float(flops)) for phase, flops in summed.iter_rows()]

        bars = tuple((n, phase, flops / 1e12) for n in names for phase, flops in parts(n))
        return Chart(title, "TFLOP", bars)

    return chart


def dead(title: str, *names: str) -> Callable[[Runs], Chart]:
    """FLOPs whose result is read, and those that nothing reads."""

    def chart(runs: Runs) -> Chart:
        found = runs.answer("dead_work")
        bars = []
        for name in names:
            lost = float(found.filter(pl.col("run") == name)["flops"].sum() or 0)
            bars.append((name, "read", (runs.of[name].total("flops") - lost) / 1e9))
            bars.append((name, "read by nothing", lost / 1e9))
        return Chart(title, "GFLOP", tuple(bars))

    return chart


def moved(
    title: str, names: Sequence[str], component: str | None = None
) -> Callable[[Runs], Chart]:
    """The bytes that some runs gather, copy and move otherwise, of one component or all."""

    def chart(runs: Runs) -> Chart:
        found = runs.answer("data_movement")
        bars = []
        for name in names:
            mine = found.filter(
                pl.col("run") == name, component is None or pl.col("component") == component
            )
            sizes = {
                way: float(mine.filter(pl.col("movement") == way)["bytes"].sum() or 0)
                for way in ("gather", "copy")
            }
            rest = runs.of[name].total("bytes", component) - sum(sizes.values())
            bars += [(name, way, size / 1e9) for way, size in {**sizes, "other": rest}.items()]
        return Chart(title, "bytes read and written (GB)", tuple(bars))

    return chart


def timed(title: str, model: str) -> Callable[[Runs], Chart]:
    """CPU times of a model's measured variants."""

    def chart(runs: Runs) -> Chart:
        bars = tuple((row["variant"], "CPU time", row["cpu_ms"]) for row in measured(model))
        return Chart(title, "CPU time (ms), measured", bars)

    return chart
