"""Reading a captured trace back for tests, and counting its FLOPs from recorded shapes."""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flop_formulas import flops_of

from genscope.capture.catalog import MODELS
from genscope.capture.label import grammar
from tests.effort import part

PREFIX = ("aten::", "prim::", "torchvision::", "flash_attn::")
Captured = Callable[..., Path]
Event = dict[str, Any]
# the variants of which tiny runs are made: a third on each change
TRIED = part([*MODELS, "llama:3.1-8b", "muse:amused-256", "muse:amused-512", "cogvideox:5b"], of=3)
# all kinds of labels: one on each change, that of `TRIED`
LABELLED = part(("make_a_video", "parti", "stable_diffusion"), of=3)


@functools.lru_cache(maxsize=4)
def events(folder: Path) -> list[Event]:
    """Events of a finished run, for all who look at them and change nothing."""
    with gzip.open(folder / "trace.json.gz", "rb") as file:
        found: list[Event] = json.load(file)["traceEvents"]
    return found


def output_file(folder: Path) -> Path:
    """What the model of a finished real run returned, from its first pass."""
    return folder.parent / "outputs" / f"{folder.name}.pt"


def head(folder: Path) -> dict[str, Any]:
    with gzip.open(folder / "trace.json.gz", "rb") as file:
        return {key: value for key, value in json.load(file).items() if key != "traceEvents"}


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def labels(folder: Path, prefix: str) -> list[Event]:
    return [event for event in events(folder) if event["name"].startswith(prefix)]


def fields(label: str) -> dict[str, str]:
    read = grammar.parse(label)
    assert read is not None, label
    return {key: str(value) for key, value in read.fields.items()}


def operators(folder: Path) -> list[Event]:
    """The operators of a trace, without the nodes of autograd's graph, which hold operators."""
    return [e for e in events(folder) if e.get("cat") == "cpu_op" and e["name"].startswith(PREFIX)]


def inside(event: Event, outer: Event) -> bool:
    end = outer["ts"] + outer["dur"]
    return bool(outer["ts"] - 1e-6 <= event["ts"] and event["ts"] + event["dur"] <= end + 1e-6)


def flops(event: Event) -> int:
    """FLOPs of a dry event by the tests' formulas, from "Input Dims" and "Concrete Inputs" only."""
    args = event.get("args", {})
    return _flops(
        event["name"], json.dumps(args.get("Input Dims")), json.dumps(args.get("Concrete Inputs"))
    )


@functools.cache
def _flops(name: str, dims: str, concrete: str) -> int:
    """The operator's arguments, put together again as tensors of these shapes and as numbers."""
    import torch

    values = [
        torch.empty(shape, device="meta") if shape and isinstance(shape[0], int) else _number(text)
        for shape, text in zip(json.loads(dims) or [], json.loads(concrete) or [], strict=True)
    ]
    output = torch.ops.aten.convolution(*values) if name == "aten::convolution" else None
    return flops_of(name, values, output)


def _number(text: str) -> Any:
    return json.loads(text.lower()) if text[:1] in "[0123456789TF" and text else None


def dispatched(folder: Path) -> list[str]:
    """Names of the operators of a real CPU trace that a dry run would list, in order of start.

    An operator that only calls others (CompositeImplicitAutograd) is replaced by them, one that only renames or reserves memory
    is left out, and any other counts without those inside it. Torch's own registry decides, not what a dry run has written.
    """
    names: list[str] = []
    end = 0
    for op in sorted(operators(folder), key=lambda e: (round(e["ts"] * 1000), -e["dur"])):
        start = round(op["ts"] * 1000)
        if start < end or _composite(op["name"]):
            continue
        end = start + round(op["dur"] * 1000)
        if _works(op["name"]):
            names.append(op["name"])
    return names


@functools.cache
def _overloads(name: str) -> list[str]:
    import torch

    registered = set(torch._C._dispatch_get_all_op_names())
    packet = getattr(torch.ops.aten, name.removeprefix("aten::"))
    found = [f"{name}.{o}" if o != "default" else name for o in packet.overloads()]
    return [o for o in found if o in registered and "out" not in o.rpartition(".")[2].split("_")]


@functools.cache
def _composite(name: str) -> bool:
    import torch

    # they only call others: aten::minimum for two tensors, aten::clone for a number of repeats
    if name in ("aten::min", "aten::repeat_interleave"):
        return True
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return all(has(overload, "CompositeImplicitAutograd") for overload in _overloads(name))


@functools.cache
def _works(name: str) -> bool:
    import torch

    packet = getattr(torch.ops.aten, name.removeprefix("aten::"))
    views = any(getattr(packet, overload).is_view for overload in packet.overloads())
    reserving = ("empty", "resize", "detach", "_unsafe_view", "alias", "scalar_tensor")
    return not views and not any(word in name for word in reserving)
