"""Mixture-of-Supernets (Jawahar et al. 2024): a BERT whose feed-forward weights are mixed from experts for each architecture.

`neuron` and `layer` mix on every forward pass, weight by weight or layer by layer. FLOPs stay those of `slice`, which mixes
nothing, but every pass reads and writes all experts: three times the bytes at batch 1. `materialised` mixes once and keeps the weights.
`sandwich` is a step of training: the largest, the smallest and a mixed architecture, with experts; `sandwich-slice` is without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.supernet import Layer, Supernet
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

# the widths that an architecture's layers may have; tiny ones have 12 heads too
WIDTHS = (120, 240, 360, 480, 540, 600, 768)
TINY_WIDTHS = (12, 24, 36, 48)
ASSUMPTIONS = (
    "BERT-base with a bottleneck around each layer, 12 layers, sequences of 128, the largest architecture: the published supernet",
    "training at batch 128 predicts every word, and its third architecture has all seven published widths in turn; only heads of 40 and 64 are fused",
    "the vector that names the architecture is there before the request; the published code writes it number by number",
)


class Sandwich:
    """A step that trains three architectures of one supernet, in the order of the published code."""

    def __init__(self, settings: Settings, net: Supernet, ids: torch.Tensor) -> None:
        self.net, self.ids = net, ids
        self.optimizer = torch.optim.AdamW(
            net.parameters(), 5e-4, (0.9, 0.98), weight_decay=0.01, foreach=settings.device != "cpu"
        )

    def step(self, labels: Labels, architectures: Mapping[str, Sequence[int]]) -> torch.Tensor:
        """Gradients of all three add up before the update."""
        for name, widths in architectures.items():
            with labels.phase(name):
                found = self.net(self.ids, widths)
                with labels.component("loss"):
                    words = self.net.head(found).flatten(0, 1)
                    loss = functional.cross_entropy(words, self.ids.flatten())
                loss.backward()  # type: ignore[no-untyped-call]
        with labels.phase("update"), labels.component("optimizer"):
            self.optimizer.step()
            self.optimizer.zero_grad()
        return loss


def _layer_flops(
    settings: Settings, length: int, sizes: tuple[int, int, int]
) -> tuple[int, int, float]:
    """FLOPs of a layer's linear layers, of its attention, and of the attention's backward pass, at one width.

    Fused attention computes the scores again.
    """
    size, hidden, inner = sizes
    linear = 2 * size * hidden + 4 * hidden * hidden + 2 * hidden * inner
    attention = 4 * settings.batch * length * length * hidden
    fused = settings.attention not in ("baseline", "math")
    return 2 * settings.batch * length * linear, attention, (2.5 if fused else 2) * attention


def build(settings: Settings) -> Workload:
    """The supernet's largest architecture, 12 layers of width 768 and 3072, or three of them; tiny has two layers of 48 and 96, or one that is trained."""
    trains = settings.variant.startswith("sandwich")
    count, size, inner, words, length, width = (
        (1 if trains else 2, 48, 96, 100, 16, 8)
        if settings.tiny
        else (12, 768, 3072, 30_522, 128, 128)
    )
    by = {"materialised": "neuron", "sandwich": "neuron", "sandwich-slice": "slice"}.get(
        settings.variant, settings.variant
    )
    experts = 1 if by == "slice" else settings.knob("experts")
    kinds, passes = (experts, count, width), 3 if trains else settings.knob("passes")
    keeps = settings.variant == "materialised"
    layers = [Layer(size, inner, kinds, by) for _ in range(count)]
    net = Supernet(layers, size, words, trains=trains)
    ids = torch.randint(words, (settings.batch, length))
    choices = TINY_WIDTHS if settings.tiny else WIDTHS
    each = {
        "largest": [size] * count,
        "smallest": [choices[0]] * count,
        "mixed": [choices[n % len(choices)] for n in range(count)],
    }
    sandwich = Sandwich(settings, net, ids) if trains else None

    def request(labels: Labels) -> torch.Tensor:
        if sandwich:
            return sandwich.step(labels, each)
        if keeps:
            with labels.phase("materialise"), labels.component("supernet"):
                net.materialise(size)
        with labels.phase("forward"):
            outputs = [net(ids, each["largest"]) for _ in range(passes)]
        return torch.stack(outputs)

    routed = (inner + size) * experts if by == "neuron" else 2 * experts
    # two routers a layer, from the architecture to the experts' shares; it needs no gradient itself
    enter, leave = (2 * 2 * count * width, 2 * width * routed) if experts > 1 else (0, 0)
    used = list(each.values()) if trains else [each["largest"]] * passes
    costs = [
        _layer_flops(settings, length, (size, hidden, inner)) for wide in used for hidden in wide
    ]
    linear, attention, backward = (sum(cost) for cost in zip(*costs, strict=True))
    router = count * (1 if keeps else passes)
    if trains:
        linear += 3 * 2 * settings.batch * length * (size * size + size * words)
        flops = 3 * linear + attention + backward + router * (2 * enter + 3 * leave)
    else:
        flops = linear + attention + router * (enter + leave)
    return Workload(
        components={"supernet": net},
        request=request,
        calls_full={},
        steps_full=1,
        assumptions=ASSUMPTIONS,
        trains=trains,
        unit="batch",
        samples=settings.batch,
        expected=(
            Expectation("flops", flops),
            Expectation("attention_calls", passes * count, "code"),
        ),
    )
