"""A script of your own that is recorded dry: entries other than forward, a scheduler's tables, masks, operators made of others."""

from __future__ import annotations

from pathlib import Path

import capture_traces as traces
import pytest
import torch

from genscope.capture.script import ScriptRun, capture_script
from genscope.errors import CaptureError

SCRIPT = """
import contextlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Scheduler:
    def __init__(self):
        self.table = torch.linspace(0, 1, 10).cumprod(0).to("cpu")
        self.other = torch.linspace(0, 1, 10)

    def step(self, x):
        steps = np.interp(np.arange(4), np.arange(10), np.array(self.other))
        return x * float(steps[0]) + self.table[1]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def decode(self, x):
        return self.layer(functional.pad(x, (0, 0, 1, 1))).repeat(2, 1, 1)


def pipeline():
    net, vae, scheduler = nn.Linear(4, 4), Decoder(), Scheduler()
    images = torch.randn(1, 3, 4)

    def step():
        return vae.decode(scheduler.step(scheduler.step(net(images))))

    return {"net": net, "vae": vae, "scheduler": scheduler}, step


def mixture():
    gate, experts = nn.Linear(4, 3), nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    tokens = torch.randn(10, 4)

    def step():
        chosen = gate(tokens).argmax(-1)
        return [expert(tokens[torch.where(chosen == i)]) for i, expert in enumerate(experts)]

    return {"gate": gate, "experts": experts}, step


def trained(context, **how):
    net, images = nn.Linear(4, 4), torch.randn(10, 4)
    optimizer = torch.optim.AdamW(net.parameters(), **how)

    def step():
        optimizer.zero_grad()
        with context():
            loss = net(images).square().sum()
        loss.backward()
        optimizer.step()

    return net, step


def plain():
    return trained(contextlib.nullcontext)


def fused():
    return trained(contextlib.nullcontext, fused=True)


def autocast():
    return trained(lambda: torch.autocast("cuda", torch.bfloat16))


def no_autocast():
    return trained(lambda: torch.autocast("cuda", enabled=False))


@torch.library.custom_op("dry_script::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2


@twice.register_fake
def _(x):
    return torch.empty_like(x)


def custom():
    net, images = nn.Linear(4, 4), torch.randn(10, 4)
    return net, lambda: twice(net(images))


def nested():
    net, images = nn.Linear(4, 4), [torch.randn(2, 4), torch.randn(3, 4)]
    return net, lambda: net(torch.nested.nested_tensor(images, layout=torch.jagged)).values()


def buffered():
    net, images = nn.Linear(4, 4), torch.randn(2, 4)
    net.register_buffer("positions", torch.from_numpy(np.zeros((2, 4), np.float32)))
    net.mixed = nn.Parameter(torch.Tensor([0.5]))
    return net, lambda: (net(images) + net.positions) * net.mixed


def from_numpy():
    net, images = nn.Linear(4, 4), torch.from_numpy(np.zeros((2, 4), np.float32))
    return net, lambda: net(images)


def until_true():
    net, images = nn.Linear(4, 4), torch.randn(2, 4)

    def step():
        while not net(images).max() > 3:
            pass

    return net, step


def wrong():
    net = nn.Linear(4, 4)
    return net, lambda: net.metadata
"""


def dry(tmp_path: Path, name: str) -> Path:
    script = tmp_path / "mine.py"
    script.write_text(SCRIPT)
    return capture_script(f"{script}:{name}", ScriptRun(steps=2, out=tmp_path, profiler="dry"))


def test_every_entry_of_a_component_is_a_call_of_it(tmp_path: Path) -> None:
    folder = dry(tmp_path, "pipeline")
    counts = {"net": 2, "scheduler": 4, "vae": 2}
    assert traces.manifest(folder)["component_steps_profiled"] == counts
    names = [event["name"] for event in traces.labels(folder, "component:")]
    assert names == ["component:net", *["component:scheduler"] * 2, "component:vae"] * 2


def test_operators_without_a_kernel_are_those_that_they_call(tmp_path: Path) -> None:
    folder = dry(tmp_path, "pipeline")
    decode = next(e for e in traces.labels(folder, "component:vae"))
    inner = [op for op in traces.operators(folder) if traces.inside(op, decode)]
    assert [op["name"] for op in inner] == [
        "aten::fill_", "aten::copy_", "aten::addmm", "aten::copy_",
    ]  # fmt: skip
    filled, padded, _, repeated = (op["args"]["Input Dims"][:2] for op in inner)
    assert filled == [[1, 5, 4], []]
    assert padded == [[1, 3, 4], [1, 3, 4]]
    assert repeated == [[2, 1, 1, 1, 5, 4], [2, 1, 1, 1, 5, 4]]


def test_a_mask_that_only_values_say_is_an_assumption(tmp_path: Path) -> None:
    asked = "6 times the step asks where a mask holds"
    assert any(
        each.startswith(asked) for each in traces.manifest(dry(tmp_path, "mixture"))["assumptions"]
    )
    plain = traces.manifest(dry(tmp_path, "pipeline"))["assumptions"]
    assert plain and not any("mask" in each for each in plain)


@pytest.mark.parametrize(
    ("name", "prefix", "count"),
    [
        ("plain", "aten::_foreach_", 9),
        ("fused", "aten::_fused_adamw_", 1),
        ("no_autocast", "aten::_foreach_", 9),
    ],
)
def test_an_optimizer_updates_all_weights_at_once_as_on_a_gpu(
    tmp_path: Path, name: str, prefix: str, count: int
) -> None:
    folder = dry(tmp_path, name)
    names = [op["name"] for op in traces.operators(folder)]
    assert sum(each.startswith(prefix) for each in names) == 2 * count


def test_autocast_is_refused_as_it_has_no_effect(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="autocast does nothing on the meta device"):
        dry(tmp_path, "autocast")
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.is_autocast_enabled("cpu")


def test_an_operator_of_another_library_is_listed_and_unknown(tmp_path: Path) -> None:
    folder = dry(tmp_path, "custom")
    found = [e["name"] for e in traces.events(folder) if "External id" in e.get("args", {})]
    assert found == ["aten::addmm", "dry_script::twice"] * 2
    assumed = traces.manifest(folder)["assumptions"]
    assert any(each.endswith("empty kernel: dry_script::twice") for each in assumed)


def test_a_nested_tensor_runs_as_the_buffer_that_holds_it(tmp_path: Path) -> None:
    found = traces.operators(dry(tmp_path, "nested"))
    products = [op for op in found if op["name"] == "aten::linear"]
    assert [op["args"]["Input Dims"][0] for op in products] == [[5, 4]] * 2


def test_a_module_is_on_the_device_as_a_whole(tmp_path: Path) -> None:
    folder = dry(tmp_path, "buffered")
    found = [op["name"] for op in traces.operators(folder) if "External id" in op["args"]]
    assert found == ["aten::addmm", "aten::add", "aten::mul"] * 2


def test_a_loop_that_waits_for_a_value_ends_with_an_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="asked 500 times whether something is true"):
        dry(tmp_path, "until_true")


def test_what_needs_values_is_said_with_its_line(tmp_path: Path) -> None:
    line = SCRIPT.splitlines().index("def from_numpy():") + 3
    with pytest.raises(
        CaptureError, match=f"^Line {line} of mine.py can't run for its shapes only"
    ):
        dry(tmp_path, "from_numpy")
    with pytest.raises(AttributeError, match="metadata"):
        dry(tmp_path, "wrong")
