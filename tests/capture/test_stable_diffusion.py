"""Stable Diffusion 1.5 against its published size and the figures derived from its architecture."""

from __future__ import annotations

import json

import capture_traces as traces
import pytest
from capture_traces import Captured

SELF_LENGTHS = [
    4096, 4096, 1024, 1024, 256, 256, 64, 256, 256, 256, 1024, 1024, 1024, 4096, 4096, 4096,
]  # fmt: skip


@pytest.mark.parametrize("attention", ["baseline", "flash"])
def test_unet_has_its_published_parameters_and_flops(captured: Captured, attention: str) -> None:
    folder = captured("stable_diffusion", profiler="dry", size="paper", attention=attention)
    assert traces.manifest(folder)["parameters"]["unet"] == 859_520_964
    calls = traces.labels(folder, "component:unet")
    assert len(calls) == 2
    operators = [op for op in traces.operators(folder) if traces.inside(op, calls[0])]
    # guidance makes a batch of two of it
    assert sum(map(traces.flops, operators)) / 2 == pytest.approx(803.3e9, rel=0.005)


def test_self_attention_visits_the_levels_of_the_unet_in_order(captured: Captured) -> None:
    folder = captured("stable_diffusion", profiler="dry", size="paper", attention="flash")
    calls = [traces.fields(e["name"]) for e in traces.labels(folder, "attention:")]
    found = [
        int(call["query_len"])
        for call in calls
        if call["kind"] == "self" and call["site"].startswith("unet.")
    ]
    assert found == SELF_LENGTHS * 2
    cross = [c for c in calls if c["kind"] == "cross"]
    assert len(cross) == 32 and {c["kv_len"] for c in cross} == {"77"}


@pytest.mark.parametrize(
    ("image_size", "shares"),
    [(256, (0.616, 0.336, 0.047)), (512, (0.553, 0.290, 0.157)), (1024, (0.380, 0.198, 0.422))],
)
def test_shares_of_flops_by_image_size(
    captured: Captured, image_size: int, shares: tuple[float, float, float]
) -> None:
    folder = captured(
        "stable_diffusion",
        profiler="dry",
        size="paper",
        attention="flash",
        image_size=image_size,
        steps=1,
    )
    (unet,) = traces.labels(folder, "component:unet")
    found = {"convolution": 0, "mm": 0, "attention": 0}
    for operator in traces.operators(folder):
        if traces.inside(operator, unet):
            kind = next(
                kind
                for kind in (*found, "")
                if kind in operator["name"].replace("scaled_dot", "attention")
            )
            if kind:
                found[kind] += traces.flops(operator)
    total = sum(found.values())
    assert [value / total for value in found.values()] == pytest.approx(shares, abs=0.002)


def test_trace_says_by_itself_that_its_times_are_predicted(captured: Captured) -> None:
    folder = captured("stable_diffusion", profiler="dry", size="paper", attention="flash")
    expected = {
        "schema": 1,
        "profiler": "dry",
        "predicted": True,
        "device": "NVIDIA A100-SXM4-80GB",
    }
    assert traces.head(folder)["genscope"] == expected


def test_dry_operators_are_flat_and_without_gaps(captured: Captured) -> None:
    folder = captured("stable_diffusion", profiler="dry", size="paper", attention="flash")
    now = 0
    for operator in traces.operators(folder):
        start, dur = (round(operator[key] * 1000) for key in ("ts", "dur"))
        assert start == now and dur > 0
        now = start + dur
    text = json.dumps(traces.labels(folder, "module:"))
    assert '"' in text and "\\" not in text
