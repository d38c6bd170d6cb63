"""Every model, tiny and for real: a dry run lists a real one's operators, labels cover it, attention agrees."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import capture_traces as traces
import pytest
import torch
from capture_traces import Captured

from genscope.capture.catalog import SUITE
from genscope.capture.label.grammar import KINDS
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from tests.effort import part

ATTENTIONS = ("baseline", "flash")
# all tests of one model run after each other, while its traces are in memory
each_variant = pytest.mark.parametrize("model", traces.TRIED, scope="module")
# published requests have 50 to 225 steps of a UNet; one of fewer steps has the same arithmetic
SHORTER: dict[str, Any] = {
    "imagen": {"unet_64": 5, "unet_256": 3, "unet_1024": 4},
    "make_a_video": 4,
    "prod_image": 4,
    "stable_diffusion": 4,
}


def dry(captured: Captured, model: str, attention: str) -> list[str]:
    folder = captured(model, profiler="dry", attention=attention, device="cpu")
    return [operator["name"] for operator in traces.operators(folder)]


@pytest.mark.parametrize("attention", ATTENTIONS)
@each_variant
def test_dry_lists_the_operators_of_a_real_run_in_order(
    captured: Captured, model: str, attention: str
) -> None:
    real = traces.dispatched(captured(model, attention=attention, device="cpu"))
    found = dry(captured, model, attention)
    assert Counter(found) == Counter(real)
    assert found == real


@each_variant
def test_every_attention_call_has_kind_module_and_lengths(captured: Captured, model: str) -> None:
    folder = captured(model, attention="flash", device="cpu")
    modules = {e["name"].partition("|")[0] for e in traces.labels(folder, "module:")}
    calls = [traces.fields(event["name"]) for event in traces.labels(folder, "attention:")]
    fused = [
        op for op in traces.operators(folder) if op["name"] == "aten::scaled_dot_product_attention"
    ]
    assert len(calls) == len(fused) > 0
    for call in calls:
        assert call["kind"] in KINDS
        assert f"module:{call['site']}" in modules
        assert (
            min(int(call[key]) for key in ("query_len", "kv_len", "heads", "head_dim", "batch")) > 0
        )
    # attention that calls no fused operator would have no label: nothing but a sampler takes a softmax
    components = traces.labels(folder, "component:")
    samplers = [each for each in components if each["name"].endswith("sampler")]
    ranges = [*traces.labels(folder, "attention:"), *samplers]
    for softmax in (op for op in traces.operators(folder) if op["name"] == "aten::_softmax"):
        assert any(traces.inside(softmax, outer) for outer in ranges)
    dry_folder = captured(model, profiler="dry", attention="flash", device="cpu")
    assert calls == [traces.fields(e["name"]) for e in traces.labels(dry_folder, "attention:")]


@each_variant
def test_under_one_percent_of_operator_time_has_no_component(
    captured: Captured, model: str
) -> None:
    folder = captured(model, attention="flash", device="cpu")
    components = traces.labels(folder, "component:")
    total = covered = 0.0
    end = 0.0
    for operator in sorted(traces.operators(folder), key=lambda e: (e["ts"], -e["dur"])):
        if operator["ts"] < end:
            continue
        end = operator["ts"] + operator["dur"]
        total += operator["dur"]
        covered += operator["dur"] * any(traces.inside(operator, c) for c in components)
    assert total > 0
    assert covered / total > 0.99


@each_variant
def test_baseline_and_flash_give_the_same_output(captured: Captured, model: str) -> None:
    # both drew the same weights and, in a sampler, the same random numbers
    folders = [captured(model, attention=each, device="cpu") for each in ATTENTIONS]
    outputs = [torch.load(traces.output_file(folder)) for folder in folders]
    assert torch.isfinite(outputs[0]).all()
    scale = outputs[0].abs().max()
    assert (outputs[0] - outputs[1]).abs().max() <= 1e-3 * scale


@each_variant
def test_calls_of_components_are_known_for_a_full_request(captured: Captured, model: str) -> None:
    card = traces.manifest(captured(model, attention="flash", device="cpu"))
    profiled, full = card["component_steps_profiled"], card["component_steps_full"]
    assert profiled.keys() == full.keys()
    assert all(profiled[name] <= full[name] for name in full)
    assert set(card["parameters"]) <= set(full)
    assert (
        card["attention_seen"]
        == card["attention_labelled"]
        == {"flash": sum(card["attention_seen"].values())}
    )
    assert card["steps_profiled"] == len(
        traces.labels(captured(model, attention="flash", device="cpu"), "step:")
    )
    assert card["assumptions"] and card["wall_ns"] > 0


def captured_into(out: Path) -> Captured:
    """A run's folder, in a place where no other test looks for it."""
    return lambda model, **asked: capture(Settings(model, **asked), out)


@pytest.mark.parametrize("model", part([*SUITE, "muse:amused-256", "flux"], of=3))
def test_profiled_time_scales_to_the_whole_requests(
    captured: Captured, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a component takes in two steps, times its calls in a request over those two's, is what all steps take."""
    run = captured
    if model in SHORTER:
        monkeypatch.setattr(f"genscope.capture.models.{model}.STEPS", SHORTER[model])
        run = captured_into(tmp_path)
    few, all_steps = (
        run(model, profiler="dry", device="cpu", attention="flash", steps=steps)
        for steps in (2, 1000)
    )
    card = traces.manifest(few)
    profiled, full = card["component_steps_profiled"], card["component_steps_full"]
    assert traces.manifest(all_steps)["component_steps_profiled"] == full
    for name in full:
        scaled, whole = (
            sum(
                event["dur"]
                for event in traces.labels(folder, f"component:{name}")
                if event["name"] == f"component:{name}"
            )
            for folder in (few, all_steps)
        )
        assert scaled * full[name] / profiled[name] == pytest.approx(whole, rel=0.01), name
