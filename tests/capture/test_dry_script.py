"""A script of your own that is recorded dry: entries other than forward, a scheduler's tables, masks, operators made of others."""

from __future__ import annotations

from pathlib import Path

import capture_traces as traces

from genscope.capture.script import ScriptRun, capture_script

SCRIPT = """
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
