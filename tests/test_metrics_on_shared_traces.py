"""Metrics on other people's traces: to the nanosecond where a figure is known, and never absurd."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from genscope.analyze.report.findings import find
from genscope.analyze.report.sections import SECTIONS
from genscope.analyze.sql_file import load_layer
from genscope.analyze.study import Study
from tests.effort import part
from tests.made_once import folder_of_all_workers, made_once
from tests.test_limits_on_shared_traces import CHECKED
from tests.traces_of_others import each_built_once

NAMES = (
    "flux1-fmha-mi300x",  # before: graph replays, one launch for hundreds of kernels
    "flux1-sage-mi300x",  # after, and slower
    "vit-base-h100",
    "vllm-moe-tp8-b200",  # kernels of one stream overlap
    "event-sync-multi-stream-a100",
    "cpu-only-rank34",
    "one-triton-kernel-a100",
)
GOLDEN = {
    "kernel_count": "kernels",
    "copy_count": "gpu_copies",
    "kernel_ns": "kernel_sum_ns",
    "kernel_busy_ns": "kernel_union_ns",
    "gpu_busy_ns": "gpu_busy_ns",
    "gpu_span_ns": "gpu_span_ns",
}


@pytest.fixture(scope="module")
def study(shared_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    shared = folder_of_all_workers(tmp_path_factory)

    def make(folder: Path) -> None:
        with (
            each_built_once(shared_traces, shared / "built"),
            Study(folder / "study.duckdb") as opened,
        ):
            results = opened.ingest([shared_traces / f"{name}.json.gz" for name in NAMES])
        assert [result.error for result in results if result.status != "loaded"] == []

    folder = made_once(shared / "metrics_on_shared_traces", make)
    with Study(folder / "study.duckdb") as opened:
        yield opened


def test_gpu_time_is_known_to_the_nanosecond(study: Study, shared_traces: Path) -> None:
    with (shared_traces / "manifest.csv").open() as file:
        golden = {row["file"].removesuffix(".json.gz"): row for row in csv.DictReader(file)}
    for row in study.query("gpu_time").iter_rows(named=True):
        expected = {name: int(golden[row["trace_name"]][key] or 0) for name, key in GOLDEN.items()}
        assert {name: row[name] for name in GOLDEN} == expected, row["trace_name"]


@pytest.mark.parametrize(
    "name",
    part(
        [
            file.name
            for file in load_layer("metric")
            if file.never and not file.params and file.name not in CHECKED
        ],
        of=3,
    ),
)
def test_what_must_never_be_is_not(name: str, study: Study) -> None:
    assert study.sql(study.relation(name).never).is_empty()


def test_each_breakdown_adds_up_to_the_kernels(study: Study) -> None:
    times = study.query("gpu_time").filter(pl.col("kernel_count") > 0)
    kernels = dict(times.select("trace_id", "kernel_ns").iter_rows())
    for metric, keys in (
        ("operator_breakdown", ["trace_id", "scope", "attention_partition"]),
        ("kernel_summary", ["trace_id"]),
        ("stage_time", ["trace_id"]),
        ("ledger", ["trace_id", "question"]),
    ):
        sums = study.query(metric).group_by(keys).agg(pl.col("work_ns").sum())
        for row in sums.filter(pl.col("trace_id").is_in(list(kernels))).iter_rows(named=True):
            assert row["work_ns"] == kernels[row["trace_id"]], (metric, row)


def test_a_faster_kernel_that_is_slower_end_to_end_is_called_slower(study: Study) -> None:
    frames = {name: study.query(name) for name, _ in SECTIONS}
    texts = [finding.text for finding in find(frames)]
    slower = next(text for text in texts if "flux1-sage-mi300x is slower than" in text)
    assert slower.startswith(
        "End to end, flux1-sage-mi300x is slower than flux1-fmha-mi300x: it takes "
        "720 ms instead of 684 ms"
    )
    assert "quantization" in slower
    shift = frames["operator_shift"].filter(attention_partition="core", scope="request")
    counts = shift["optimized_count"].sum() - shift["baseline_count"].sum()
    assert counts == 8589 - 5549


def test_a_trace_without_a_gpu_is_answered_by_its_operators(study: Study) -> None:
    rows = study.query("operator_breakdown", trace="cpu-only-rank34")
    assert set(rows["time_source"]) == {"cpu"}
    assert rows["work_ns"].sum() > 0


def test_differences_are_known_and_add_up(study: Study, shared_traces: Path) -> None:
    figures = shared_traces.parent / "reference" / "compare_operator.csv"
    if not figures.is_file():
        pytest.skip("no reference figures here")
    sides = {"first": "flux1-fmha-mi300x", "second": "flux1-sage-mi300x"}
    rows = study.query("trace_difference", params=sides)
    with figures.open() as file:
        expected = {
            row["op_name"]: (int(row["a_ns"] or 0), int(row["b_ns"] or 0))
            for row in csv.DictReader(file)
            if (row["a_file"], row["b_file"]) == tuple(f"{n}.json.gz" for n in sides.values())
        }
    operators = rows.filter(level="operator")
    assert {r["op_name"]: (r["a_ns"], r["b_ns"]) for r in operators.to_dicts()} == expected
    (total,) = rows.filter(level="total").to_dicts()
    assert (total["difference_ns"], total["verdict"]) == (35_946_171, "regressed")
    sums = rows.group_by("level").agg(pl.col("difference_ns").sum())["difference_ns"]
    assert set(sums) == {total["difference_ns"]}
