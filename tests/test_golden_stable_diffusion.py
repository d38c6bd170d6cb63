"""Stable Diffusion 1.5 at its real dimensions, dry, against figures derived by hand.

FLOPs are 2 * multiply-adds of one UNet call at batch 1 (guidance runs a batch of two, hence the half);
shares by image size: convolution / linear / attention core. Checked elsewhere with torch's FlopCounterMode.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import genscope
from genscope.analyze.study import Study
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from tests.made_once import folder_of_all_workers, made_once

SHARES = {
    64: (50.9, 48.5, 0.6),
    256: (61.6, 33.6, 4.7),
    512: (55.3, 29.0, 15.7),
    768: (46.5, 24.3, 29.2),
    1024: (38.0, 19.8, 42.2),
}
SELF_LENGTHS = [4096, 4096, 1024, 1024, 256, 256, 64, 256, 256, 256, 1024, 1024, 1024] + [4096] * 3


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = made_once(folder_of_all_workers(tmp_path_factory) / "golden", _make)
    with genscope.open(folder / "study.duckdb") as opened:
        yield opened


def _make(folder: Path) -> None:
    runs = [_run(folder, size, "flash") for size in SHARES] + [_run(folder, 512, "baseline")]
    with genscope.open(folder / "study.duckdb") as opened:
        results = opened.ingest(runs)
    assert [result.status for result in results] == ["loaded"] * len(runs)


def _run(folder: Path, image_size: int, attention: str) -> Path:
    settings = Settings(
        "stable_diffusion", "dry", attention, "paper", image_size=image_size, steps=1
    )
    return capture(settings, folder)


def _unet(study: Study, image_size: int, attention: str = "flash") -> str:
    return (
        "FROM work_cost JOIN work_component USING (trace_id, work_id) "
        "JOIN work_category USING (trace_id, work_id) JOIN trace USING (trace_id) "
        f"WHERE component = 'unet' AND (manifest->>'image_size')::INTEGER = {image_size} "
        f"AND trace.attention = '{attention}'"
    )


def test_parameters_are_the_published_count(study: Study) -> None:
    counts = study.sql("SELECT DISTINCT (manifest->>'$.parameters.unet')::BIGINT AS n FROM trace")
    assert counts["n"].to_list() == [859_520_964]


@pytest.mark.parametrize("attention", ["flash", "baseline"])
def test_flops_of_one_unet_call(study: Study, attention: str) -> None:
    total = study.sql(f"SELECT sum(flops)::BIGINT AS flops {_unet(study, 512, attention)}")
    assert total["flops"][0] / 2 == pytest.approx(803.3e9, rel=0.005)


@pytest.mark.parametrize("image_size", SHARES)
def test_flop_shares_by_image_size(study: Study, image_size: int) -> None:
    rows = study.sql(
        f"SELECT category, sum(flops)::BIGINT AS flops {_unet(study, image_size)} GROUP BY category"
    )
    flops = dict(rows.iter_rows())
    total = sum(flops.values())
    shares = [100 * flops[name] / total for name in ("convolution", "linear", "attention")]
    assert shares == pytest.approx(SHARES[image_size], abs=0.1)


@pytest.mark.parametrize("attention", ["flash", "baseline"])
def test_self_attention_lengths_in_order(study: Study, attention: str) -> None:
    calls = study.query("sequence_length_profile", trace=f"*{attention}*").filter(
        component="unet", attention_kind="self"
    )
    at_512 = study.sql(
        "SELECT trace_id FROM trace WHERE (manifest->>'image_size')::INTEGER = 512 "
        f"AND attention = '{attention}'"
    )["trace_id"][0]
    lengths = calls.filter(trace_id=at_512).sort("call_index")
    assert lengths["query_len"].to_list() == SELF_LENGTHS
    assert lengths["kv_len"].to_list() == SELF_LENGTHS


def test_cross_attention_reads_the_prompt(study: Study) -> None:
    calls = study.query("sequence_length_profile").filter(component="unet", attention_kind="cross")
    assert set(calls["kv_len"]) == {77}
    per_trace = calls.group_by("trace_id").len()
    assert set(per_trace["len"]) == {16}


def test_baseline_and_flash_need_the_same_flops(study: Study) -> None:
    totals = study.sql(
        "SELECT attention, sum(flops)::BIGINT AS flops FROM work_cost JOIN trace USING (trace_id) "
        "WHERE (manifest->>'image_size')::INTEGER = 512 GROUP BY attention"
    )
    assert totals["flops"].n_unique() == 1
    assert totals.height == 2


def test_lengths_repeat_every_sixteen_calls_and_span_64_times(study: Study) -> None:
    calls = study.query("sequence_length_profile").filter(component="unet", attention_kind="self")
    # 64 between the longest and the shortest, 4 between neighbours: never just "4x"
    assert set(calls["max_min_ratio"]) == {64}
    assert set(calls["adjacent_ratio"]) == {4}


def test_score_matrices_of_the_unet_by_site(study: Study) -> None:
    sites = study.query("attention_memory").filter(component="unet")
    largest = sites.group_by("image_size").agg(pl.col("score_bytes").max())
    found = dict(largest.iter_rows())
    # batch 1: 16, 256 and 4096 MiB; guidance doubles the batch
    assert {size: found[size] / 2**20 / 2 for size in (256, 512, 1024)} == {
        256: 16,
        512: 256,
        1024: 4096,
    }


def test_score_matrices_grow_towards_the_fourth_power(study: Study) -> None:
    passes = study.query("attention_memory_scaling").filter(component="unet", attention="flash")
    assert set(passes["site_count"]) == {32}
    at_batch_1 = {
        size: score / 2**20 / 2
        for size, score in passes.select("image_size", "pass_score_bytes").iter_rows()
    }
    assert at_batch_1[512] == pytest.approx(1396.7, abs=0.05)
    assert at_batch_1[1024] == pytest.approx(21_967.6, abs=0.05)
    assert at_batch_1[1024] / at_batch_1[512] == pytest.approx(15.7, abs=0.05)
    assert at_batch_1[512] / at_batch_1[256] == pytest.approx(15.0, abs=0.05)


def test_attention_is_where_the_baseline_loses_its_time(study: Study) -> None:
    pair = study.query("flash_speedup").filter(scope="request", attention_partition="module")
    assert pair.height == 1 + 4  # one pair at 512 px; the other sizes have no baseline
    row = pair.filter(pl.col("refusal").is_null()).row(0, named=True)
    assert row["speedup"] > 1
    assert row["speedup"] == pytest.approx(row["predicted_speedup"])
    assert row["other_drift_frac"] == pytest.approx(0, abs=1e-9)
    refused = pair.filter(pl.col("refusal").is_not_null())
    assert all(text.startswith("image_size") for text in refused["refusal"])
