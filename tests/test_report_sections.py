"""What the report shows of an answer at first, and what it holds of it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest
import study_by_hand

from genscope.analyze.app.overview import _idle_of
from genscope.analyze.chosen import literal
from genscope.analyze.csv_text import csv_text
from genscope.analyze.key_columns import MOST, key_columns
from genscope.analyze.plots import idle_time, registry, roofline
from genscope.analyze.plots.idle_time import CAUSES
from genscope.analyze.plots.theme import bokeh_figure, panels_of
from genscope.analyze.report.drawing import few_traces
from genscope.analyze.report.findings import find, headline
from genscope.analyze.report.findings_limits import idle, idle_causes, verdicts, waits
from genscope.analyze.report.findings_memory import joules, reserved_memory, score_matrices
from genscope.analyze.report.format import table_of
from genscope.analyze.report.key_figures import key_figures
from genscope.analyze.report.sections import SECTIONS
from genscope.analyze.report.traces_drawn import DECIDING, traces_drawn
from genscope.analyze.report.write import threads_for
from genscope.analyze.sql_file import load_layer
from genscope.analyze.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb"))


@pytest.fixture(scope="module")
def page(report_by_hand: Path) -> str:
    return report_by_hand.read_text(encoding="utf-8")


def test_each_metric_names_its_key_columns() -> None:
    for file in load_layer("metric"):
        named = file.sections.get("Key", "").replace(",", " ").split()
        assert named and len(named) <= MOST + 1, file.name
        assert set(named) <= set(file.columns), file.name
        assert key_columns(file, list(file.columns)) == tuple(named)


def test_a_long_table_shows_rows_of_every_trace_and_counts_all() -> None:
    frame = pl.DataFrame({"trace_id": [1] * 100 + [2] * 100, "value": range(200)})
    table = table_of(frame, ["value"])
    assert [row[0] for row in table.rows] == ["0", "1", "2", "3", "100", "101", "102", "103"]
    assert table.count == 200


def test_values_have_the_unit_that_their_row_names() -> None:
    rows = [("frac", 0.96), ("ns", 3595.0), ("count", 9.0)]
    frame = pl.DataFrame(rows, schema=["unit", "value"], orient="row")
    assert [row[0] for row in table_of(frame, ["value"]).rows] == ["96.0 %", "3.6 µs", "9"]


def test_the_queries_of_a_small_study_run_on_one_thread(tmp_path: Path) -> None:
    small, large = tmp_path / "small.duckdb", tmp_path / "large.duckdb"
    small.write_bytes(b"")
    with large.open("wb") as file:
        file.truncate(1 << 30)
    assert (threads_for(small), threads_for(large)) == (1, None)
    assert threads_for(tmp_path / "missing.duckdb") is None


def test_a_plot_says_of_how_many_traces_it_is_drawn() -> None:
    """Not how many it shows: it has no bar for a trace without a GPU."""
    frame = pl.DataFrame({"trace_id": range(9)})
    rows, note = few_traces("gpu_time", frame, {1, 2, 3})
    assert rows["trace_id"].to_list() == [1, 2, 3]
    assert note == "The plot is drawn from 3 of 9 traces; 'All columns' lists all."


def test_a_short_table_is_of_one_account(study: Study) -> None:
    frame = study.query("operator_breakdown")
    assert set(frame["scope"]) == {"profile", "request"}
    table = table_of(frame, ["trace_name", "scope", "attention_partition"])
    assert {row[1:] for row in table.rows} == {("request", "core")}
    assert table.account == "whole requests, attention without its projections"


def test_rows_of_recorded_times_are_not_said_to_be_of_whole_requests() -> None:
    rows = {"trace_id": [1, 1], "scope": ["profile", "request"], "work_ns": [5, 5]}
    assert table_of(pl.DataFrame(rows), ["work_ns"]).account == "the recorded time"
    scaled = pl.DataFrame(rows | {"work_ns": [5, 50]})
    assert table_of(scaled, ["work_ns"]).account == "whole requests"


def test_the_only_component_with_time_is_no_finding() -> None:
    rows = {
        "trace_id": [1, 1, 2, 2],
        "trace_name": ["a", "a", "b", "b"],
        "model": None,
        "component": ["unet", "unattributed", "unet", "vae"],
        "time_source": "gpu",
        "source": "profile",
        "request_ns": [70, 30, 70, 30],
        "request_frac": [0.7, 0.3, 0.7, 0.3],
    }
    found = find({"stage_time": pl.DataFrame(rows)})
    assert [item.text for item in found] == ["The component unet takes 70.0 % of the time of b."]


def test_traces_without_a_device_have_none_recorded() -> None:
    rows = {"trace_name": ["a", "b"], "model": None, "predicted": False, "device_name": None}
    (card,) = key_figures({"trace_summary": pl.DataFrame(rows)})
    assert (card.value, card.detail) == ("2", "device not recorded")


def test_the_page_holds_all_rows_as_query_writes_them(study: Study, page: str) -> None:
    section = page[page.index('id="operator_breakdown"') :]
    (packed,) = re.findall(r'class="rows">(.*?)</script>', section[: section.index("plots")])
    held = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert held == csv_text(study.query("operator_breakdown"))
    # the short table has the columns of the header's Key
    keys = key_columns(study.relation("operator_breakdown"), held.split("\n")[0].split(","))
    assert section[: section.index("</tr>")].count("<th") - 1 == len(keys)


def test_the_first_findings_are_of_different_metrics(study: Study) -> None:
    findings = find({name: study.query(name) for name, _ in SECTIONS})
    first = headline(findings)
    assert 5 <= len(first) <= 8
    metrics = [finding.metric for finding in first]
    assert len(set(metrics)) == min(8, len({finding.metric for finding in findings}))
    assert [finding for finding in findings if finding in first] == first


@pytest.mark.usefixtures("drawn_here")
def test_two_traces_are_compared_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "names", lambda: ["trace_comparison"])
    path = study_by_hand.copy(tmp_path / "two.duckdb")
    # a pair with other settings has no speedup
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE trace SET name = 'a[1]*' WHERE name = 'run-1'")
        con.execute("DELETE FROM trace WHERE trace_id NOT IN (1, 3)")
    with Study(path) as two:
        text = two.report(tmp_path / "two.html").read_text(encoding="utf-8")
    assert text.index('id="trace_comparison"') < text.index('id="stage_time"')
    section = text[text.index('id="trace_comparison"') :]
    assert "The work of tiny" in section[: section.index("</summary>")]
    assert 'class="plot"' in section[: section.index('id="stage_time"')]


def test_a_name_is_a_glob_of_itself_only() -> None:
    for name in ("a[1]*?", "a\\b", "[", "]", "plain"):
        assert duckdb.execute("SELECT ? GLOB ?", [name, literal(name)]).fetchone() == (True,)
    assert duckdb.execute("SELECT 'ab' GLOB ?", [literal("a*")]).fetchone() == (False,)


def test_of_many_traces_a_plot_shows_a_few(study: Study) -> None:
    frames = {name: study.query(name) for name in DECIDING}
    # the pair that gains most, then the trace that takes longest
    assert traces_drawn(frames, 3) >= {3, 4}
    assert len(traces_drawn(frames, 3)) == 3


def test_memory_of_the_host_is_no_devices() -> None:
    peaks = {"device_id": [-1, 0], "peak_allocated_bytes": [160, 2**30]}
    (figure,) = key_figures({"memory_peak": pl.DataFrame(peaks)})
    assert figure.value == "1 GiB"


def test_several_gpus_are_idle_together() -> None:
    rows = {"trace_id": [1, 2], "trace_name": ["a", "b"], "idle_refusal": [None, None]}
    frame = pl.DataFrame({**rows, "gpu_span_ns": [100, 100], "gpu_idle_ns": [20, 30]})
    summary = pl.DataFrame({"trace_id": [1, 2], "device_count": [2, 1]})
    assert [found.text for found in idle(frame, {"trace_summary": summary})] == [
        "The GPU of b is idle for 30.0 % of 100 ns.",
        "None of the 2 GPUs of a works for 20.0 % of 100 ns.",
    ]


def test_a_cause_of_idle_time_has_one_name() -> None:
    rows = {"trace_id": 1, "trace_name": "a", "device_id": 0, "idle_refusal": None}
    causes = {f"{cause}_ns": place for place, cause in enumerate(CAUSES, start=1)}
    frame = pl.DataFrame(
        [{**rows, "gpu_span_ns": 100, "gpu_idle_ns": 55, "gpu_busy_ns": 45, **causes}]
    )
    of_study: Any = SimpleNamespace(rows=lambda *_, **__: SimpleNamespace(dicts=frame.to_dicts))
    of_overview = [row["cause"] for row in _idle_of(of_study, "a")]
    legend = bokeh_figure(idle_time.plot(frame.to_pandas())).legend[0]
    assert of_overview[::-1] == [item.label.value for item in legend.items]
    (found,) = idle_causes(frame, {})
    assert found.text == f"In 18.2 % of the idle time of GPU 0 of a, {of_overview[0]}."


def test_sections_whose_numbers_differ_say_why() -> None:
    sentences, keys = (
        dict(SECTIONS),
        {file.name: file.sections["Key"] for file in load_layer("metric")},
    )
    assert "in operator_breakdown its operator comes first" in sentences["tensor_core_use"]
    assert "host_wait_sum does not count them" in sentences["host_wait_place"]
    assert "kind" in keys["host_wait_place"] and "verdict" in keys["expected_time"]
    assert "before the first one" in sentences["gpu_time"]


def test_memory_that_ran_short_and_energy_are_findings() -> None:
    state = {
        "trace_id": [1, 2, 3],
        "trace_name": ["a", "b", "c"],
        "reserved_bytes": [2**30] * 3,
        "unused_bytes": [2**29, 2**29, 0],
        "unused_frac": [0.5, 0.5, 0.0],
        "stranded_bytes": [0, 2**28, 0],
        "oom_count": [0, 1, 0],
        "oom_bytes": [None, 2**31, None],
    }
    assert [found.text for found in reserved_memory(pl.DataFrame(state), {})] == [
        "1 allocation of b failed, the largest of 2 GiB; 512 MiB of the 1 GiB that the allocator "
        "holds are unused in the snapshot.",
        "50.0 % of the 1 GiB that the allocator of a holds is unused, 0 B of it in segments that "
        "also hold blocks in use.",
    ]
    energy = {
        "trace_id": [1, 1, 1, 2],
        "trace_name": ["a", "a", "a", "b"],
        "scope": ["profile", "profile", "step", "profile"],
        "energy_j": [100.0, 50.0, 7.0, None],
        "item_energy_j": [10.0, 5.0, None, None],
        "energy_refusal": [None, None, None, "no samples"],
    }
    (found,) = joules(pl.DataFrame(energy), {})
    assert found.text.startswith("a takes 150 J while it is recorded, 15 J for each item")


def test_a_step_is_counted_once_though_host_and_device_see_it() -> None:
    rows = {
        "trace_id": [1, 1],
        "trace_name": ["a", "a"],
        "basis": ["host", "device"],
        "step": [3, 3],
    }
    counts = {"memcpy_ns": [1, 1], "memset_ns": [0, 0], "communication_ns": [0, 0]}
    frame = pl.DataFrame({**rows, **counts, "step_ns": [5, 6], "verdict": ["device_bound"] * 2})
    (found,) = verdicts(frame, {})
    assert found.text == "The only step of a is limited by the GPU."
    assert table_of(frame, ["step", "step_ns"]).columns == ("step", "step time")


@pytest.mark.parametrize(
    ("materialized", "text"),
    [
        (True, "The largest score matrix that is written to memory takes 2 KiB (77 by 77)"),
        (False, "No score matrix is written to memory; unfused, the largest would take 512 MiB"),
    ],
)
def test_a_score_matrix_that_is_never_written_takes_no_memory(
    materialized: bool, text: str
) -> None:
    place = {"trace_id": 1, "trace_name": "a", "component": "unet", "attention_kind": "self"}
    rows = [
        {"query_len": 77, "kv_len": 77, "score_bytes": 2 << 10, "materialized": materialized},
        {"query_len": 9, "kv_len": 9, "score_bytes": 512 << 20, "materialized": False},
    ]
    (found,) = score_matrices(pl.DataFrame([place | row for row in rows]), {})
    assert found.text.startswith(text)


def test_a_point_that_stands_for_little_of_the_time_says_so() -> None:
    rows = [
        {"category": category, "costed_frac": costed, "operator_intensity": 9.0, "attained_flops_per_s": 1e12}
        for category, costed in (("all", 0.1), ("linear", 0.02), ("convolution", 1.0))
    ]  # fmt: skip
    run = {
        "trace_id": 1, "trace_name": "flux", "model": None, "attention": None, "time_source": "gpu",
        "scope": "request", "work_ns": 9, "dtype": "bfloat16", "peak_flops_per_s": 1e15,
        "peak_bytes_per_s": 1e12,
    }  # fmt: skip
    whole, parts = panels_of(roofline.plot(pd.DataFrame([run | row for row in rows])))
    assert [layer.label for layer in whole][:1] == ["flux (FLOPs mostly unknown)"]
    assert {layer.label for layer in parts} >= {"convolution", "linear (FLOPs mostly unknown)"}


@pytest.mark.parametrize(("kernels", "end"), [(2, "; the GPU is idle for 5 µs of that."), (0, ".")])
def test_without_recorded_work_a_wait_says_nothing_of_the_gpu(kernels: int, end: str) -> None:
    summary = pl.DataFrame({"trace_id": [1], "kernel_count": [kernels], "copy_count": [0]})
    rows = {"trace_id": [1], "trace_name": ["a"], "wait_count": [1]}
    frame = pl.DataFrame(rows | {"wait_union_ns": [9000], "device_idle_ns": [5000]})
    (found,) = waits(frame, {"trace_summary": summary})
    assert found.text == f"The host of a waits 9 µs for the GPU in 1 call{end}"
