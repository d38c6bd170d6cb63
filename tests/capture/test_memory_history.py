"""The memory snapshot of a capture, with a stand-in for torch.cuda.memory: there is no GPU here."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from genscope.analyze.readers import safe_pickle
from genscope.analyze.readers.memory_snapshot.rows import snapshot_rows
from genscope.capture.label import grammar
from genscope.capture.profilers import memory_history


class Allocator:
    """Logs each allocation with the tag that is set, as torch.cuda.memory does while its history is on."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.tag = ""
        self.log: list[Any] = []
        self.modes: list[Any] = []

    def _record_memory_history(self, mode: str | None, **options: Any) -> None:
        self.modes.append((mode, options.get("stacks")))

    def _set_memory_metadata(self, text: str) -> None:
        self.tag = text

    def _dump_snapshot(self, path: str) -> None:
        Path(path).write_bytes(pickle.dumps({"segments": [], "device_traces": [self.log]}))
        if self.refusal:
            raise RuntimeError(self.refusal)

    def allocate(self) -> None:
        self.log.append(
            {"action": "alloc", "addr": 1, "size": 1, "time_us": 1, "user_metadata": self.tag}
        )


def recorded(
    allocator: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, device: str = "cuda"
) -> str | None:
    """A pass of one component with a step and two modules, each of which allocates once."""

    def labelled(sink: Any) -> None:
        component, module = grammar.component("unet"), grammar.module("unet.mid", "Block")
        sink.enter(component)
        allocator.allocate()
        sink.enter(grammar.step(3))
        sink.enter(grammar.module("unet", "UNet"))
        sink.enter(module)
        sink.enter("attention:kind=self")
        allocator.allocate()
        for _ in range(4):
            sink.leave()
        sink.leave()
        allocator.allocate()

    monkeypatch.setattr(torch.cuda, "memory", allocator)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    run: Any = SimpleNamespace(device=torch.device(device), labelled=labelled)
    return memory_history.record(run, folder)


def test_allocations_carry_component_step_and_module(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    allocator = Allocator()
    assert recorded(allocator, monkeypatch, tmp_path) is None
    assert allocator.modes == [("all", "python"), (None, None)] and not allocator.tag
    rows = snapshot_rows(safe_pickle.loads((tmp_path / memory_history.FILE).read_bytes()))
    assert [json.loads(stack["tag"]) for stack in rows.stack] == [
        ["component:unet"],
        ["component:unet", "step:3", "module:unet.mid|Block"],
    ]
    assert [entry["stack_id"] for entry in rows.entry] == [0, 1, None]


def test_a_run_without_cuda_or_history_has_no_snapshot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert recorded(Allocator(), monkeypatch, tmp_path, device="cpu") is None
    other = Allocator("cudaMallocAsync does not yet support this\nmore")
    why = recorded(other, monkeypatch, tmp_path)
    assert why == "cudaMallocAsync does not yet support this"
    assert other.modes[-1] == (None, None) and list(tmp_path.iterdir()) == []
