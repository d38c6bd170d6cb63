"""Parameters and FLOPs at published dimensions, on the meta device, against published or derived figures."""

from __future__ import annotations

from pathlib import Path

import capture_traces as traces
import pytest
import torch
from capture_traces import Captured

from genscope.capture.catalog import MODELS
from genscope.capture.settings import Settings, resolved
from genscope.capture.workload import built

# exact counts: of published checkpoints, or of the libraries' classes at the published configuration;
# Make-A-Video's UNet is ModelScope's with attention on other levels, so its count is our own
EXACT = {
    "stable_diffusion": {"text_encoder": 123_060_480, "unet": 859_520_964, "vae": 83_653_863},
    "prod_image": {
        "text_encoder": 123_060_480,
        "text_encoder_2": 694_659_840,
        "unet": 2_567_463_684,
    },
    "llama": {"prefill": 6_738_415_616, "decode": 6_738_415_616},
    "llama:3.1-8b": {"prefill": 8_030_261_248, "decode": 8_030_261_248},
    "make_a_video": {"text_encoder": 340_387_840, "unet": 1_657_905_923},
    "muse:amused-256": {"transformer": 603_537_664, "vqvae": 146_244_675},
    "muse:amused-512": {"transformer": 608_257_792},
    "flux": {"transformer": 11_901_408_320},
    "wan": {"transformer": 14_288_491_584},
    "cogvideox": {"transformer": 1_693_783_872},
    "ltx": {"transformer": 1_923_385_472},
    "hunyuan_video": {"transformer": 12_821_012_544},
    "sd3": {"transformer": 2_028_328_000},
}
# millions, of the libraries' classes at the published configuration; within half of one
MILLIONS = {
    "imagen": {"text_encoder": 4762, "unet_64": 4305},
    "flux": {"text_encoder_2": 4762},
    "sd3": {"text_encoder_2": 695, "text_encoder_3": 4762},
    # 605, and 6 of the projection from T5's width
    "pixart": {"text_encoder": 4762, "transformer": 611, "vae": 84},
    "wan": {"vae": 127},
    "hunyuan_video": {"vae": 246.5},
    "cogvideox": {"vae": 216},
    "ltx": {"vae": 419},
    "mochi": {"text_encoder": 4762},
}
# billions, as papers round them; within 10 % where the closed layout is only approached
ROUNDED = {
    "imagen": {"unet_256": 1.2, "unet_1024": 0.4},
    "muse": {"transformer": 3.0},
    "phenaki": {"transformer": 1.8},
    "pixart": {"transformer": 0.6},
    "mochi": {"transformer": 10.0},
    "wan:1.3b": {"transformer": 1.3},
    "cogvideox:5b": {"transformer": 5.5},
}
# billions, text encoder and decoder together
PARTI = {"parti": 20.0, "parti:3b": 3.0, "parti:750m": 0.75, "parti:350m": 0.35}


def parameters(model: str) -> dict[str, int]:
    settings = resolved(Settings(model, profiler="dry", size="paper"))
    workload = built(settings, torch.device("meta"))
    page = (Path(__file__).parents[2] / "docs" / "capture.md").read_text()
    missing = [each for each in workload.assumptions if each not in page]
    assert not missing, "docs/capture.md does not name these assumptions"
    counts = workload.parameters()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{model}` "))
    assert all(f"`{name}` {count / 1e6:,.1f}M" in row for name, count in counts.items()), row
    assert all(f"`{name}` {calls}" in row for name, calls in workload.calls_full.items()), row
    return counts


@pytest.mark.parametrize("model", sorted({*EXACT, *MILLIONS, *ROUNDED, *PARTI}))
def test_parameters_are_the_published_ones(model: str) -> None:
    found = parameters(model)
    exact = EXACT.get(model, {})
    assert {name: found[name] for name in exact} == exact
    for name, billions in ROUNDED.get(model, {}).items():
        assert found[name] / 1e9 == pytest.approx(billions, rel=0.1), name
    for name, millions in MILLIONS.get(model, {}).items():
        assert found[name] / 1e6 == pytest.approx(millions, abs=0.5), name
    if model in PARTI:
        both = (found["text_encoder"] + found["decode"]) / 1e9
        assert found["prefill"] == found["decode"]
        assert both == pytest.approx(PARTI[model], rel=0.12)


def test_every_variant_has_a_published_size() -> None:
    variants = {
        name if variant == entry.variants[0] else f"{name}:{variant}"
        for name, entry in MODELS.items()
        for variant in entry.variants
    }
    assert variants == {*EXACT, *MILLIONS, *ROUNDED, *PARTI}


def flops_of_calls(folder: object, component: str) -> list[int]:
    operators = traces.operators(folder)  # type: ignore[arg-type]
    ranges = traces.labels(folder, f"component:{component}")  # type: ignore[arg-type]
    return [
        sum(traces.flops(op) for op in operators if traces.inside(op, outer)) for outer in ranges
    ]


def test_llama_flops_are_those_of_its_weights_and_its_attention(captured: Captured) -> None:
    folder = captured("llama", profiler="dry", size="paper", attention="flash")
    layers, width, vocabulary, prompt = 32, 4096, 32000, 2048
    weights = 6_738_415_616 - vocabulary * width - (2 * layers + 1) * width
    head = vocabulary * width
    (prefill,) = flops_of_calls(folder, "prefill")
    assert prefill == 2 * (weights - head) * prompt + 2 * head + 4 * layers * prompt**2 * width
    steps = [int(e["name"].partition(":")[2]) for e in traces.labels(folder, "step:")]
    for step, found in zip(steps, flops_of_calls(folder, "decode"), strict=True):
        assert found == 2 * weights + 4 * layers * (prompt + step + 1) * width


def test_parti_decodes_with_keys_that_grow_by_one(captured: Captured) -> None:
    folder = captured("parti", profiler="dry", size="paper", attention="flash")
    layers, width, text, batch = 64, 4096, 128, 2
    steps = [int(e["name"].partition(":")[2]) for e in traces.labels(folder, "step:")]
    assert steps == [255, 767]
    # per layer: q, k, v and out of self-attention, q and out of cross-attention, twice 4 widths of feed-forward
    weights = layers * 14 * width**2 + width * 8192
    for step, found in zip(steps, flops_of_calls(folder, "decode"), strict=True):
        attention = 4 * layers * width * (step + 2 + text)
        assert found == batch * (2 * weights + attention)
