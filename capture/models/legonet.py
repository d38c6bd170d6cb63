"""LegoNet (Yu et al. 2022): a fixed encoder and many small adapters, of which each sample activates a few, so that one can be unlearned.

Taking each sample's adapters by index copies their weights once a sample: 5 of 100 adapters move more bytes than all 100 (`dense`).
`grouped` sorts the samples by adapter and multiplies once for each. To forget a sample, `unlearn` trains the adapters that it
activated, on encodings that were kept; `retrain` is a step of the whole model, which would start again. All sizes are assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts import resnet50
from genscope.capture.parts.resnet50 import ResNet50
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

RATE = 0.01
ASSUMPTIONS = (
    "assumed, as the paper's text could not be read: ResNet-50 at 224 px, 100 linear adapters of 2048 x 100, 5 active, batch 256",
    "forgetting trains each adapter on a batch of the encodings that remain; a model without adapters has one linear classifier",
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


class Unlearning:
    """The step that forgets one sample, and that of a model which would start again."""

    def __init__(self, encoder: ResNet50, adapters: Adapters, images: torch.Tensor) -> None:
        self.encoder, self.adapters, self.images = encoder, adapters, images
        count, size, classes = adapters.weight.shape
        self.forgotten = torch.randn(1, size)
        self.encodings = torch.randn(count, len(images), size)
        self.classes = torch.randint(classes, (count, len(images)))
        self.head = nn.Linear(size, classes)

    def unlearn(self, labels: Labels, active: int) -> torch.Tensor:
        """Train the adapters of one sample, all in one product, and write them back."""
        adapters = self.adapters
        with labels.phase("select"), labels.component("router"):
            chosen = adapters.chosen(self.forgotten, active)[0]
        with labels.phase("train"), labels.component("adapters"):
            parts = (adapters.weight.detach(), adapters.bias.detach())
            weight, bias = (part[chosen].requires_grad_() for part in parts)
            scores = torch.bmm(self.encodings[chosen], weight) + bias[:, None]
            loss = functional.cross_entropy(scores.flatten(0, 1), self.classes[chosen].flatten())
            found = torch.autograd.grad(loss, (weight, bias))
            for part, gradient in zip(parts, found, strict=True):
                part.index_add_(0, chosen, gradient, alpha=-RATE)
        return loss

    def retrain(self, labels: Labels, optimizer: torch.optim.Optimizer) -> torch.Tensor:
        """One step of the encoder and a classifier."""
        with labels.phase("train"):
            x = self.encoder(self.images)
            with labels.component("head"):
                loss = functional.cross_entropy(self.head(x), self.classes[0])
            loss.backward()  # type: ignore[no-untyped-call]
            with labels.component("optimizer"):
                optimizer.step()
                optimizer.zero_grad()
        return loss


def build(settings: Settings) -> Workload:
    """ResNet-50 with 23.5 million parameters and 20.5 million of adapters; tiny has an encoder of 8 channels."""
    width, side, classes, active = (8, 32, 10, 2) if settings.tiny else (64, 224, 100, 5)
    count = settings.knob("adapters")
    encoder, size = ResNet50(width), 32 * width
    adapters = Adapters(count, size, classes)
    images = torch.randn(settings.batch, 3, side, side)
    variant = settings.variant
    trains = variant in ("unlearn", "retrain")
    unlearning = Unlearning(encoder, adapters, images) if trains else None

    def predict(labels: Labels) -> torch.Tensor:
        with labels.phase("encode"):
            x = encoder(images)
        with labels.phase("route"), labels.component("router"):
            chosen = adapters.chosen(x, active)
        with labels.phase("predict"):
            out: torch.Tensor = adapters(x, chosen, variant)
        return out

    request: Callable[[Labels], torch.Tensor] = predict
    components: dict[str, nn.Module] = {"encoder": encoder, "adapters": adapters}
    if unlearning and variant == "unlearn":
        components = {"adapters": adapters}
        request = partial(unlearning.unlearn, active=active)
    elif unlearning:
        components = {"encoder": encoder.train(), "head": unlearning.head}
        weights = [*encoder.parameters(), *unlearning.head.parameters()]
        optimizer = torch.optim.SGD(weights, RATE, foreach=settings.device != "cpu")
        request = partial(unlearning.retrain, optimizer=optimizer)
    return Workload(
        components=components,
        request=request,
        calls_full={},
        steps_full=1,
        image_size=side,
        assumptions=ASSUMPTIONS,
        trains=trains,
        touches_host=True,
        unit="batch",
        samples=settings.batch,
        expected=_expected(settings, width, side, (size, classes, active)),
    )


def _expected(
    settings: Settings, width: int, side: int, sizes: tuple[int, int, int]
) -> tuple[Expectation, ...]:
    """FLOPs by component; a training step costs three times its forward pass, less gradients of what came first."""
    size, classes, active = sizes
    batch, count, variant = settings.batch, settings.knob("adapters"), settings.variant
    encoded = resnet50.forward_flops(width, batch=batch, side=side)
    each, waits = (
        2 * batch * size * classes,
        Expectation("host_syncs", int(variant == "grouped"), "code"),
    )
    if variant == "unlearn":
        routed = Expectation("flops", 2 * size * count, "assumed", "router")
        return routed, Expectation("flops", 2 * active * each, "assumed", "adapters"), waits
    if variant == "retrain":
        whole = 3 * (encoded + each) - resnet50.stem_flops(width, batch=batch, side=side)
        return Expectation("flops", whole, "assumed"), waits
    pairs = count if variant == "dense" else active
    return (
        Expectation("flops", encoded, "assumed", "encoder"),
        Expectation("flops", 2 * batch * size * count, "assumed", "router"),
        Expectation("flops", pairs * each, "assumed", "adapters"),
        waits,
    )
