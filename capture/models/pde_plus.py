"""PDE+ (Yuan et al. 2023): a ResNet with learned diffusion after each stage, trained in two phases; `erm` is the plain ResNet.

Phase 1 trains the diffusion, yet its backward pass computes all gradients of the backbone, which phase 2 clears before it uses
any. Values that are read back make the host wait 20 times a step. `frozen` is the same step without both.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts import resnet
from genscope.capture.parts.resnet import ResNet
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

CLASSES, SMOOTHING = 10, 0.12
ASSUMPTIONS = (
    "32 x 32 images, batches of 128, ResNet-18 with a 3 x 3 stem: the published configuration for CIFAR-10",
    "images are random and on the device: loading and augmentation are left out",
)


class Diffusion(nn.Module):
    """The scale of the noise that is added after a stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(width, 2 * width, 3, 1, 1), nn.BatchNorm2d(2 * width)
        self.conv2, self.norm2 = nn.Conv2d(2 * width, width, 3, 1, 1), nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same shape, not negative."""
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)))


class PdeNet(nn.Module):
    """A ResNet whose stages' outputs diffuse; `reads` keeps the mean scale of each, as the published code does."""

    def __init__(self, width: int, *, reads: bool) -> None:
        super().__init__()
        self.backbone = ResNet(width, CLASSES)
        self.diffusion = nn.ModuleList(Diffusion(w) for w in self.backbone.widths)
        self.reads = reads

    def forward(
        self, x: torch.Tensor, *, diffuses: bool
    ) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        """Class scores, and each stage's mean and scale."""
        means, scales, y = [], [], self.backbone.first(x)
        for stage, diffusion in zip(self.backbone.stages, self.diffusion, strict=True):
            mean = stage(y)
            scale = diffusion(mean) if diffuses else torch.zeros_like(mean)
            means.append(mean)
            scales.append(scale)
            if self.reads:
                scale.mean().item()
            y = mean + scale * torch.randn_like(mean)
        return self.backbone.scores(y), means, scales


def _likelihood(mean: torch.Tensor, target: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """nn.GaussianNLLLoss without its check that no variance is negative, which makes the host wait."""
    variance = variance.clamp(min=1e-6)
    return (0.5 * (variance.log() + (mean - target) ** 2 / variance)).mean()


class Trainer:
    """One step of training."""

    def __init__(self, settings: Settings, net: PdeNet) -> None:
        width = settings.device != "cpu"
        self.net, self.frozen = net.train(), settings.variant == "frozen"
        side, batch = (16, settings.batch) if settings.tiny else (32, settings.batch)
        self.images, self.shifted = (torch.randn(batch, 3, side, side) for _ in range(2))
        self.classes = torch.randint(CLASSES, (batch,))
        trained = net.backbone.parameters() if settings.variant == "erm" else net.parameters()
        self.optimizer = torch.optim.SGD(
            trained, 0.06, momentum=0.9, weight_decay=5e-4, foreach=width
        )
        self.diffuser = torch.optim.Adam(net.diffusion.parameters(), 1e-3, foreach=width)

    def erm(self, labels: Labels) -> torch.Tensor:
        """The plain ResNet."""
        with labels.phase("classify"):
            with labels.component("backbone"):
                scores = self.net.backbone(self.images)
            loss = self._update(labels, scores, self.classes)
        with labels.phase("log"), labels.component("loss"):
            loss.item()
            (scores.argmax(1) == self.classes).float().mean().item()
        return loss

    def pde(self, labels: Labels) -> torch.Tensor:
        """Phase 1 trains the diffusion to reach from images to shifted ones, phase 2 everything to classify both."""
        with labels.phase("diffuse"):
            loss = self._diffuse(labels)
        with labels.phase("classify"):
            images = torch.cat([self.images, self.shifted])
            classes = torch.cat([self.classes, self.classes])
            scores, _, _ = self.net(images, diffuses=True)
            second = self._update(labels, scores, classes)
        if not self.frozen:
            with labels.phase("log"), labels.component("loss"):
                loss.item()
                second.item()
                (scores.argmax(1) == classes).float().mean().item()
        return second

    def _diffuse(self, labels: Labels) -> torch.Tensor:
        if self.frozen:
            self.net.backbone.requires_grad_(False)
        else:
            bool((self.classes == self.classes).all())
        _, means, scales = self.net(self.images, diffuses=True)
        with torch.set_grad_enabled(not self.frozen):
            _, targets, _ = self.net(self.shifted, diffuses=False)
        with labels.component("loss"):
            nll = _likelihood if self.frozen else functional.gaussian_nll_loss
            each = [nll(*stage) for stage in zip(targets, means, scales, strict=True)]
            loss = torch.stack(each).mean()
        self.diffuser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        with labels.component("optimizer"):
            self.diffuser.step()
        self.net.backbone.requires_grad_(True)
        return loss

    def _update(self, labels: Labels, scores: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        with labels.component("loss"):
            loss = functional.cross_entropy(scores, classes, label_smoothing=SMOOTHING)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        with labels.component("optimizer"):
            self.optimizer.step()
        return loss


def _expected(settings: Settings, width: int, side: int) -> tuple[Expectation, ...]:
    """Every backward pass costs twice the forward one, without the stem's input; phase 1 takes no class scores back."""
    batch = settings.batch
    backbone = resnet.forward_flops(width, CLASSES, batch=batch, side=side)
    stem, head = resnet.conv_flops(batch, side, 3, width), 2 * batch * 8 * width * CLASSES
    stage = resnet.stage_flops(width, 0, batch=batch, side=side)
    first = resnet.conv_flops(batch, side, width, 2 * width)
    diffusion = sum(
        4 * resnet.conv_flops(batch, side // 2**i, width * 2**i, width * 2**i) for i in range(4)
    )
    if settings.variant == "erm":
        return (
            Expectation("flops", 3 * backbone - stem),
            Expectation("host_syncs", 2, "code"),
            Expectation("dead_flops", 0),
        )
    whole = 12 * backbone + 9 * diffusion - 4 * head - 4 * stem
    # all weight gradients of phase 1; input gradients of the shifted images, of the first stage and its diffusion's entry
    gradients = 3 * (backbone - head) - stem + stage + first
    if settings.variant == "frozen":
        return (
            Expectation("flops", whole - gradients),
            Expectation("host_syncs", 0, "code"),
            Expectation("dead_flops", 2 * head),
        )
    return (
        Expectation("flops", whole),
        Expectation("host_syncs", 20, "code"),
        # and both passes' class scores, which phase 1 doesn't take
        Expectation("dead_flops", gradients + 2 * head),
    )


def build(settings: Settings) -> Workload:
    """ResNet-18 with 11,173,962 parameters, and a diffusion of 12.5 million."""
    width, side = (8, 16) if settings.tiny else (64, 32)
    net = PdeNet(width, reads=settings.variant == "pde_plus")
    trainer = Trainer(settings, net)
    is_plain = settings.variant == "erm"
    components: dict[str, nn.Module] = {"backbone": net.backbone} if is_plain else {"net": net}
    return Workload(
        components=components,
        request=trainer.erm if is_plain else trainer.pde,
        calls_full={},
        steps_full=1,
        image_size=side,
        assumptions=ASSUMPTIONS,
        trains=True,
        unit="batch",
        samples=settings.batch,
        expected=_expected(settings, width, side),
    )
