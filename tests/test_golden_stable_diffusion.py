"""Stable Diffusion 1.5 at its real dimensions, dry, against figures derived by hand.

FLOPs are 2 * multiply-adds of one UNet call at batch 1 (guidance runs a batch of two, hence the half);
shares by image size: convolution / linear / attention core. Checked elsewhere with torch's FlopCounterMode.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

import genscope
from analyze.study import Study
from capture.session import capture
from capture.settings import Settings

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
    folder = tmp_path_factory.mktemp("golden")
    runs = [_run(folder, size, "flash") for size in SHARES] + [_run(folder, 512, "baseline")]
    with genscope.open(folder / "study.duckdb") as opened:
        results = opened.ingest(runs)
        assert [result.status for result in results] == ["loaded"] * len(runs)
        yield opened


def _run(folder: Path, image_size: int, attention: str) -> Path:
    settings = Settings(
        "stable_diffusion", "dry", attention, "paper", image_size=image_size, steps=1
    )
    return capture(settings, folder)


def _unet(study: Study, image_size: int, attention: str = "flash") -> str:
    return (
        "FROM work_cost JOIN work_component USING (trace_id, work_id) "
        "JOIN work_class USING (trace_id, work_id) JOIN trace USING (trace_id) "
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
