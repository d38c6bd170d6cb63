"""What a lesson consists of: the runs of a paper, what they say, what the paper says, the tables and the figure that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from genscope.analyze.predicted import HIGH, LOW, interval
from genscope.analyze.study import Study
from genscope.analyze.written import duration, percent, scaled

UNKNOWN = "-"
PREDICTED = f"time ({interval(LOW, HIGH)})"


@dataclass(frozen=True)
class Run:
    """One run: its name on the page, what was set, and its sums by component."""

    name: str
    trace_id: int
    variant: str
    manifest: dict[str, Any]
    sums: pl.DataFrame

    def total(self, column: str, component: str | None = None) -> float:
        """The sum of a column of work_sum, of one component or all."""
        mine = self.sums.filter(component is None or pl.col("component") == component)
        return float(mine[column].sum())

    def share(self, component: str) -> float:
        """0..1, a component's part of the predicted time."""
        return self.total("work_ns", component) / self.total("work_ns")


@dataclass(frozen=True)
class Runs:
    """The runs of one paper, by name, and the study that answers about them."""

    study: Study
    of: dict[str, Run]

    def answer(self, query: str) -> pl.DataFrame:
        """The rows of a metric that belong to these runs, with the run's name."""
        names = pl.DataFrame(
            [(run.trace_id, name) for name, run in self.of.items()],
            schema={"trace_id": pl.Int64, "run": pl.String},
            orient="row",
        )
        return self.study.query(query).join(names, on="trace_id", maintain_order="left")

    def ratio(self, run: str, other: str, column: str) -> float:
        """How many times what the other variant takes, at the same settings."""
        frame = self.answer("variant_contrast")
        mine = frame.filter(pl.col("run") == run, pl.col("other_variant") == other)
        return float(mine[column].item())


@dataclass(frozen=True)
class Published:
    """One figure of a paper, where it was read, and how to get ours from the run of that name."""

    what: str
    value: str
    source: str
    run: str | None = None
    ours: Callable[[Run], str] | None = None


@dataclass(frozen=True)
class Chart:
    """A figure of stacked bars: (bar, part, length), in order."""

    title: str
    axis: str
    bars: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True)
class Lesson:
    """One section: the lesson, the variant that others are divided by, tables that show it, and what to do with a trace of yours.

    `note` is what a reader must know before taking the advice.
    """

    model: str
    title: str
    sentence: str
    bases: dict[str, str]
    headline: Callable[[Runs], str]
    tables: tuple[Callable[[Runs], Iterator[str]], ...]
    yours: str
    queries: tuple[str, ...]
    fix: str = ""
    figure: Callable[[Runs], Chart] | None = None
    note: Callable[[Runs], str] | None = None
    nothing: str = "No figure on cost was found in it."


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def times(ratio: float | None) -> str:
    """A ratio with three digits: '3.78x'."""
    if ratio is None:
        return UNKNOWN
    return f"{ratio:,.0f}x" if ratio >= 1000 else f"{ratio:#.3g}x".replace(".x", "x")


def parts(*components: str) -> Callable[[Runs], Iterator[str]]:
    """The predicted time of components in each run with fused attention."""

    def lines(runs: Runs) -> Iterator[str]:
        rows = (
            (
                name,
                *(f"{duration(run.total('work_ns', c))} ({percent(run.share(c))})" for c in components),
            )
            for name, run in runs.of.items()
            if run.manifest["attention"] != "baseline"
        )  # fmt: skip
        yield from table((f"{PREDICTED} of", *components), rows)

    return lines


def inside(component: str, base: str) -> Callable[[Runs], Iterator[str]]:
    """One component by itself, and how many times what the base's takes."""

    def lines(runs: Runs) -> Iterator[str]:
        columns = {"flops": "FLOP", "bytes": "B"}
        other = runs.of[base]

        def value(run: Run, column: str, text: str) -> str:
            return (
                f"{text} ({times(run.total(column, component) / other.total(column, component))})"
            )

        rows = (
            (
                name,
                *(value(run, c, f"{scaled(run.total(c, component))}{unit}") for c, unit in columns.items()),
                value(run, "work_count", f"{run.total('work_count', component):,.0f}"),
                value(run, "work_ns", duration(run.total("work_ns", component))),
            )
            for name, run in runs.of.items()
            if not run.manifest.get("parameters_trained")
        )  # fmt: skip
        yield from table((f"`{component}` only", "FLOPs", "bytes", "operators", PREDICTED), rows)

    return lines


def split(run: str, *keys: str) -> Callable[[Runs], Iterator[str]]:
    """One run's training_split by these of its columns."""

    def lines(runs: Runs) -> Iterator[str]:
        frame = runs.answer("training_split").filter(pl.col("run") == run)
        found = (
            frame.group_by(keys, maintain_order=True)
            .agg(pl.col("work_ns", "work_frac", "flops").sum())
            .sort("work_ns", *keys, descending=[True, *([False] * len(keys))])
        )
        whole = float(frame["flops"].sum())
        rows = (
            (
                *(row[key] for key in keys),
                duration(row["work_ns"]),
                percent(row["work_frac"]),
                percent(row["flops"] / whole) if whole else UNKNOWN,
            )
            for row in found.filter(pl.col("work_frac") >= 0.001).iter_rows(named=True)
        )
        yield from table((*keys, PREDICTED, "of the time", "of the FLOPs"), rows)

    return lines


def waste(runs: Runs) -> Iterator[str]:
    """Dead work and host waits, run by run."""
    dead, waits = runs.answer("dead_work"), runs.answer("host_sync")

    def rows() -> Iterator[tuple[str, ...]]:
        for name in runs.of:
            mine = dead.filter(pl.col("run") == name)
            yield (
                name,
                f"{mine['work_count'].sum():,}",
                f"{scaled(mine['flops'].sum())}FLOP",
                percent(mine["flops_frac"].sum()),
                percent(mine["work_frac"].sum()),
                str(waits.filter(pl.col("run") == name)["sync_count"].sum()),
            )

    yield from table(
        ("variant", "dead operators", "dead FLOPs", "of all FLOPs", "of the time", "host waits"),
        rows(),
    )


def waits(runs: Runs) -> Iterator[str]:
    """Where each run makes the host wait."""
    frame = runs.answer("host_sync")
    rows = (
        (row["run"], row["phase"], row["component"], f"`{row['op_name']}`", str(row["sync_count"]))
        for row in frame.sort("run", "phase", "component", "op_name").iter_rows(named=True)
    )
    yield from table(("variant", "phase", "component", "operator", "host waits"), rows)


def fused(runs: Runs) -> Iterator[str]:
    """What fused attention gains, run by run."""
    frame = runs.answer("flash_speedup").filter(
        pl.col("scope") == "profile",
        pl.col("attention_partition") == "core",
        pl.col("refusal").is_null(),
    )
    rows = (
        (row["run"], times(row["attention_speedup"]), times(row["speedup"]), times(row["ceiling_speedup"]))
        for row in frame.sort(pl.col("run").cast(pl.Enum(list(runs.of)))).iter_rows(named=True)
    )  # fmt: skip
    yield from table(
        ("fused over unfused", "attention faster", "whole run faster", "if attention took no time"),
        rows,
    )


def bound(runs: Runs) -> Iterator[str]:
    """FLOPs a byte, run by run."""
    frame = runs.answer("roofline").filter(
        pl.col("scope") == "profile", pl.col("category") == "all"
    )
    found = {row["run"]: row for row in frame.iter_rows(named=True)}
    rows = (
        (name, f"{found[name]['operator_intensity']:.3g}", found[name]["bound"]) for name in runs.of
    )
    yield from table(("variant", "FLOP/byte", "bound by"), rows)


def movement(component: str | None = None) -> Callable[[Runs], Iterator[str]]:
    """What each run gathers by index and what it copies, of one component or all."""

    def lines(runs: Runs) -> Iterator[str]:
        frame = runs.answer("data_movement")
        mine = frame.filter(component is None or pl.col("component") == component)

        def cell(run: str, movement: str) -> str:
            rows = mine.filter(pl.col("run") == run, pl.col("movement") == movement)
            if not len(rows):
                return UNKNOWN
            ns, size = float(rows["work_ns"].sum()), float(rows["bytes"].sum())
            return f"{duration(ns)}, {scaled(size)}B"

        rows = ((name, cell(name, "gather"), cell(name, "copy")) for name in runs.of)
        what = f"`{component}` only" if component else "variant"
        yield from table((what, f"gathered, {PREDICTED}", f"copied, {PREDICTED}"), rows)

    return lines
