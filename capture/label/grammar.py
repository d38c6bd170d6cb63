"""The label grammar: how a range's name says which component, step, module or attention call it holds, and how to read it.

    component:<name>                             component:unet
    step:<index>                                 step:0
    module:<component>.<name>|<Class>            module:unet.mid_block.attentions.0|Transformer2DModel
    attention:<field>=<value>,<field>=<value>..  attention:kind=self,site=unet.attn1,query_len=64,kv_len=64,..

Analysis reads the same grammar in SQL, for Kineto and for Nsight; tests/capture/test_label_grammar.py holds both against this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KINDS = ("self", "cross", "self+text", "joint", "spatial", "temporal", "causal")

# these separate the parts of a label; with a blank, an NVTX text is an ordinary range
_RESERVED = re.compile(r"[\s,|=]+")


@dataclass(frozen=True)
class Label:
    """A label that was read. `name` is a component, a step's index, a module or an attention call's site."""

    kind: str
    name: str
    fields: Mapping[str, int | str] = field(default_factory=dict)


def is_plain(name: str) -> bool:
    """Whether a name can be part of a label as it is."""
    return bool(name) and _RESERVED.search(name) is None


def plain(name: str) -> str:
    """The name with '_' in place of every run of characters that a label can't hold."""
    return _RESERVED.sub("_", name)


def component(name: str) -> str:
    """The label of one call of a component."""
    return f"component:{name}"


def step(index: int) -> str:
    """The label of one step of a request, counted from 0."""
    return f"step:{index}"


def phase(name: str) -> str:
    """The range of what the host is doing, whatever module runs: an ordinary range, which work_phase reads."""
    return f"phase:{name}"


def module(name: str, class_name: str) -> str:
    """The label of one call of a module; `name` begins with its component."""
    return f"module:{plain(name)}|{plain(class_name)}"


def attention(kind: str, site: str, fields: Mapping[str, int | str]) -> str:
    """The label of one attention call's core: QK^T, softmax, AV."""
    every = {"kind": kind, "site": plain(site), **fields}
    return "attention:" + ",".join(f"{key}={value}" for key, value in every.items())


def parse(text: str) -> Label | None:
    """Read a range's name; None if it isn't a label."""
    kind, colon, body = text.partition(":")
    if not (colon and body):
        return None
    if kind == "component" or (kind == "step" and body.isdecimal()):
        return Label(kind, body)
    if kind == "module":
        name, _, class_name = body.partition("|")
        return Label(kind, name, {"class": class_name})
    if kind == "attention":
        fields = {key: _value(value) for key, _, value in map(_pair, body.split(","))}
        return Label(kind, str(fields.get("site", "unattributed")), fields)
    return None


def _pair(text: str) -> tuple[str, str, str]:
    return text.partition("=")


def _value(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
