"""LegoNet (Yu et al. 2022): a fixed encoder and many small adapters, of which each sample activates a few, so that one can be unlearned.

Taking each sample's adapters by index copies their weights once a sample: 5 of 100 adapters move more bytes than all 100 (`dense`).
`grouped` sorts the samples by adapter and multiplies once for each. The paper's sizes could not be read: all of them are assumed.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts import resnet50
from genscope.capture.parts.resnet50 import ResNet50
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "assumed, as the paper's text could not be read: ResNet-50 at 224 px, 100 linear adapters of 2048 x 100, 5 active, batch 256",
    "in a dry run every adapter has equally many samples, since nothing says which ones the encodings choose",
)


class Adapters(nn.Module):
    """Linear classifiers, each with a fixed key; a sample activates those with the nearest keys."""

    def __init__(self, count: int, size: int, classes: int) -> None:
        super().__init__()
        self.keys: torch.Tensor
        self.register_buffer("keys", functional.normalize(torch.randn(count, size), dim=-1))
        self.weight = nn.Parameter(torch.randn(count, size, classes) * size**-0.5)
        self.bias = nn.Parameter(torch.zeros(count, classes))

    def chosen(self, x: torch.Tensor, active: int) -> torch.Tensor:
        """[batch, active]: the adapters of each sample."""
        near = functional.normalize(x, dim=-1) @ self.keys.T
        found: torch.Tensor = near.topk(active, 1)[1]
        return found

    def gather(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Copy each sample's adapters, then one product a sample."""
        each = torch.einsum("bd,bkdc->bkc", x, self.weight[chosen]) + self.bias[chosen]
        return each.mean(1)

    def dense(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Compute all adapters and take the mean of those that are active."""
        count, active = len(self.weight), chosen.shape[1]
        each = torch.einsum("bd,ndc->bnc", x, self.weight) + self.bias
        shares = torch.zeros(len(x), count, device=x.device, dtype=x.dtype)
        shares = shares.scatter(1, chosen, 1 / active)
        return (shares[:, :, None] * each).sum(1)

    def grouped(self, x: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        """Sort the samples by adapter, then one product an adapter."""
        flat, count, active = chosen.flatten(), len(self.weight), chosen.shape[1]
        order = flat.argsort()
        first = torch.searchsorted(flat[order], torch.arange(count + 1, device=x.device))
        ends = first.cpu().tolist()
        if ends[-1] == 0:  # shapes have no values
            ends = [len(flat) * n // count for n in range(count + 1)]
        rows = order // active
        out = torch.zeros(len(x), self.bias.shape[1], device=x.device, dtype=x.dtype)
        for number in range(count):
            group = rows[ends[number] : ends[number + 1]]
            if len(group):
                scores = torch.addmm(self.bias[number], x[group], self.weight[number])
                out.index_add_(0, group, scores / active)
        return out

    def forward(self, x: torch.Tensor, chosen: torch.Tensor, way: str) -> torch.Tensor:
        """[batch, classes]."""
        found: torch.Tensor = getattr(self, way)(x, chosen)
        return found


def build(settings: Settings) -> Workload:
    """ResNet-50 with 23.5 million parameters and 20.5 million of adapters; tiny has an encoder of 8 channels."""
    width, side, classes, active = (8, 32, 10, 2) if settings.tiny else (64, 224, 100, 5)
    count = settings.knob("adapters")
    encoder, size = ResNet50(width), 32 * width
    adapters = Adapters(count, size, classes)
    images = torch.randn(settings.batch, 3, side, side)

    def request(labels: Labels) -> torch.Tensor:
        with labels.phase("encode"):
            x = encoder(images)
        with labels.phase("route"), labels.component("router"):
            chosen = adapters.chosen(x, active)
        with labels.phase("predict"):
            out: torch.Tensor = adapters(x, chosen, settings.variant)
        return out

    pairs = settings.batch * (count if settings.variant == "dense" else active)
    encoded = resnet50.forward_flops(width, batch=settings.batch, side=side)
    return Workload(
        components={"encoder": encoder, "adapters": adapters},
        request=request,
        calls_full={},
        steps_full=1,
        image_size=side,
        assumptions=ASSUMPTIONS,
        touches_host=True,
        unit="batch",
        samples=settings.batch,
        expected=(
            Expectation("flops", encoded, "assumed", "encoder"),
            Expectation("flops", 2 * settings.batch * size * count, "assumed", "router"),
            Expectation("flops", 2 * pairs * size * classes, "assumed", "adapters"),
            Expectation("host_syncs", int(settings.variant == "grouped"), "code"),
        ),
    )
