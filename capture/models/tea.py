"""TEA (Yuan et al. 2024): a classifier adapts to each test batch by its energy. TENT adapts by entropy, `source` not at all.

The cost follows from K, the rounds of Langevin sampling. Each is a forward and a backward pass without weight gradients, as only
normalization adapts: (2K + 5) F, where F is a forward pass. The stem of a batch that needs no gradient has no backward pass.
"""

from __future__ import annotations

import torch
from torch import nn

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.wide_resnet import WideResNet, forward_flops, stem_flops
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

CLASSES, SIDE = 10, 32
STEP_SIZE, NOISE, RENEWED = 0.1, 0.01, 0.05
LEARNING_RATE = 1e-3
ASSUMPTIONS = (
    "32 x 32 images, batches of 200, WRN-28-10, 20 Langevin steps: the published configuration for CIFAR-10-C",
    "the replay buffer of 10,000 images stays on the host, as in the published code",
)


def _entropy(scores: torch.Tensor) -> torch.Tensor:
    return -(scores.softmax(1) * scores.log_softmax(1)).sum(1).mean()


def _norms_only(model: nn.Module) -> list[nn.Parameter]:
    """Freeze all but scales and shifts of normalization, which then uses the batch's own statistics."""
    model.train().requires_grad_(False)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.requires_grad_(True)
        norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None
    return [p for norm in norms for p in (norm.weight, norm.bias)]


class Adapter:
    """One batch of test images, adapted to as the variant says."""

    def __init__(self, settings: Settings, model: WideResNet) -> None:
        self.model, self.batch, self.rounds = model, settings.batch, settings.knob("rounds")
        self.images = torch.randn(settings.batch, 3, SIDE, SIDE)
        self.buffer = (
            torch.rand(64 if settings.tiny else 10_000, 3, SIDE, SIDE, device="cpu") * 2 - 1
        )
        self.optimizer = torch.optim.Adam(
            _norms_only(model), LEARNING_RATE, foreach=settings.device != "cpu"
        )

    def source(self, labels: Labels) -> torch.Tensor:
        """Predict without adapting."""
        with labels.phase("predict"), torch.no_grad():
            return self._scores(self.images)

    def tent(self, labels: Labels) -> torch.Tensor:
        """Predict, then lower the entropy of what was predicted."""
        with labels.phase("predict"):
            scores = self._scores(self.images)
        with labels.phase("adapt"):
            with labels.component("loss"):
                loss = _entropy(scores)
            self._update(labels, loss)
        return scores

    def tea(self, labels: Labels) -> torch.Tensor:
        """Sample images that the classifier believes in, adapt to the difference, then predict."""
        with labels.phase("replay"), labels.component("replay"):
            places, fake = self._replayed()
        for _ in range(self.rounds):
            with labels.phase("sample"):
                scores = self._scores(fake)
                with labels.component("sampler"):
                    energy = scores.logsumexp(1).sum()
                (gradient,) = torch.autograd.grad(energy, [fake])
                with labels.component("sampler"):
                    fake.data += STEP_SIZE * gradient + NOISE * torch.randn_like(fake)
        fake = fake.detach()
        with labels.phase("replay"), labels.component("replay"):
            self.buffer[places] = fake.cpu()
        with labels.phase("adapt"):
            real, unreal = self._scores(self.images), self._scores(fake)
            with labels.component("loss"):
                loss = unreal.logsumexp(1).mean() - real.logsumexp(1).mean()
            self._update(labels, loss)
        with labels.phase("predict"):
            return self._scores(self.images)

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.model(images)
        return scores

    def _replayed(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Images of earlier batches, a few of them drawn again."""
        places = torch.randint(len(self.buffer), (self.batch,), device="cpu")
        kept = self.buffer[places]
        drawn = torch.rand(kept.shape, device="cpu") * 2 - 1
        again = (torch.rand(self.batch, device="cpu") < RENEWED).float()[:, None, None, None]
        fake = again * drawn + (1 - again) * kept
        return places, fake.to(self.images.device).requires_grad_()

    def _update(self, labels: Labels, loss: torch.Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        with labels.component("optimizer"):
            self.optimizer.step()
            self.optimizer.zero_grad()


def build(settings: Settings) -> Workload:
    """WRN-28-10 with 36,479,194 parameters, of which 17,952 adapt; tiny is WRN-10-1."""
    depth, width = (10, 1) if settings.tiny else (28, 10)
    model = WideResNet(depth, width, CLASSES)
    adapter = Adapter(settings, model)
    runs = {"tea": adapter.tea, "tent": adapter.tent, "source": adapter.source}
    forward = forward_flops(depth, width, CLASSES, batch=settings.batch, side=SIDE)
    # forward-sized passes, and backward passes in which the stem has none
    passes, without_stem = {
        "tea": (2 * adapter.rounds + 5, 2),
        "tent": (2, 1),
        "source": (1, 0),
    }[settings.variant]
    flops = passes * forward - without_stem * stem_flops(settings.batch, SIDE)
    norms = sum(
        p.numel() for m in model.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()
    )
    return Workload(
        components={"classifier": model},
        request=runs[settings.variant],
        calls_full={},
        steps_full=1,
        image_size=SIDE,
        assumptions=ASSUMPTIONS,
        trains=settings.variant != "source",
        unit="batch",
        samples=settings.batch,
        expected=(
            Expectation("flops", flops, "derived"),
            Expectation("convolution_weight_gradients", 0, "code"),
            *(() if settings.tiny else (Expectation("parameters_total", 36_479_194, "paper"),)),
            *(
                ()
                if settings.variant == "source"
                else (Expectation("parameters_trained", norms, "code"),)
            ),
        ),
    )
