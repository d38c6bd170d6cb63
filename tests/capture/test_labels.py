"""Labels follow the grammar, name what runs, and leave no trace on the model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from genscope.capture.attention.kernels import AttentionCall
from genscope.capture.label.labels import Labels


class Written:
    """A sink that keeps labels, indented by how deep they are."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 0

    def enter(self, label: str) -> None:
        self.lines.append("  " * self.depth + label)
        self.depth += 1

    def leave(self) -> None:
        self.depth -= 1


def call(
    query_len: int, kv_len: int, *, causal: bool = False, masked: bool = False
) -> AttentionCall:
    return AttentionCall(query_len, kv_len, 8, 8, 40, 2, "float16", "flash", causal, masked)


class Site(nn.Module):
    """A module in which one attention call of given lengths happens."""

    def __init__(self, labels: list[Labels], made: AttentionCall) -> None:
        super().__init__()
        self.labels, self.made = labels, made

    def forward(
        self, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None
    ) -> None:
        with self.labels[0].attention(self.made):
            pass


def test_one_model_as_two_components_is_named_by_the_one_that_runs() -> None:
    sink, model = Written(), nn.Sequential(nn.Linear(2, 2))
    labels = Labels(sink, {"prefill": model, "decode": model})
    x = torch.zeros(1, 2)
    with labels.attached():
        with labels.component("prefill"):
            model(x)
        with labels.step(3), labels.component("decode"):
            model(x)
        model(x)
    assert sink.lines == [
        "component:prefill",
        "  module:prefill|Sequential",
        "    module:prefill.0|Linear",
        "step:3",
        "  component:decode",
        "    module:decode|Sequential",
        "      module:decode.0|Linear",
        "component:prefill",
        "  module:prefill|Sequential",
        "    module:prefill.0|Linear",
    ]
    assert labels.calls == {"prefill": 2, "decode": 1}


class Taking(Site):
    """The same with an argument of another name."""

    def forward(self, hidden_states: torch.Tensor, other: torch.Tensor | None = None) -> None:
        super().forward(hidden_states)


@pytest.mark.parametrize(
    ("own", "other", "made", "kind"),
    [
        # a decode step, and several tokens after a cache
        ((2, 1, 8), None, call(1, 20), "causal"),
        ((2, 4, 8), (8, 8), call(4, 20, masked=True), "causal"),
        # learned keys after its own
        ((2, 16, 8), None, call(16, 20), "self"),
        # another sequence, alone or behind the own one
        ((2, 1, 8), (2, 20, 8), call(1, 20), "cross"),
        ((2, 16, 8), (2, 20, 8), call(16, 36), "cross"),
        # the own sequence is pooled, or has fewer keys
        ((2, 20, 8), None, call(1, 20), "cross"),
        ((2, 64, 8), None, call(64, 16), "cross"),
    ],
)
def test_what_a_module_remembers_is_no_other_sequence(
    own: tuple[int, ...], other: tuple[int, ...] | None, made: AttentionCall, kind: str
) -> None:
    sink, known = Written(), list[Labels]()
    model = nn.ModuleDict({"attn": Taking(known, made)})
    known.append(Labels(sink, {"lm": model}))
    with known[0].attached():
        model["attn"](torch.zeros(own), None if other is None else torch.zeros(other))
    assert sink.lines[-1].strip().startswith(f"attention:kind={kind},site=lm.attn,")


def test_an_error_in_a_module_closes_every_range_and_leaves_the_model_as_it_was() -> None:
    sink, model = Written(), nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RuntimeError), (labels := Labels(sink, {"m": model})).attached():
        model(torch.zeros(1, 3))
    assert sink.depth == 0
    assert all("forward" not in vars(module) for module in model.modules())
    assert labels.calls == {"m": 1}


IMAGE, TEXT = torch.zeros(2, 64, 8), torch.zeros(2, 77, 8)


@pytest.mark.parametrize(
    ("name", "made", "text", "kind"),
    [
        ("attn", call(64, 64), None, "self"),
        ("attn", call(64, 77), TEXT, "cross"),
        ("attn", call(64, 64 + 77), TEXT, "self+text"),
        ("attn", call(64 + 77, 64 + 77), TEXT, "joint"),
        ("attn", call(64, 64, causal=True), None, "causal"),
        ("temp_attentions", call(16, 16), None, "temporal"),
        ("temp_attentions", call(16, 77), TEXT, "cross"),
        ("spatial", call(64, 64), None, "spatial"),
    ],
)
def test_kind_of_a_call(
    name: str, made: AttentionCall, text: torch.Tensor | None, kind: str
) -> None:
    sink, known = Written(), list[Labels]()
    model = nn.ModuleDict({name: Site(known, made)})
    known.append(Labels(sink, {"unet": model}, {"unet.spatial": "spatial"}))
    with known[0].attached():
        model[name](IMAGE, encoder_hidden_states=text)
    lengths = f"query_len={made.query_len},kv_len={made.kv_len}"
    assert sink.lines[-1].strip() == (
        f"attention:kind={kind},site=unet.{name},{lengths},heads=8,kv_heads=8,head_dim=40,batch=2,"
        "dtype=float16,implementation=flash"
    )
