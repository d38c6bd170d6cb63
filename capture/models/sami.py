"""SAMI (Xiong et al. 2023): EfficientSAM's encoder is pretrained on masked images towards features of SAM's frozen encoder.

The network that is trained takes under one percent of the step: the teacher takes nine tenths, more at SAM's own size of image
(`teacher-1024`), and the decoder, which is thrown away, most of the rest. `no-teacher` has the features at hand.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.models import efficient_sam
from genscope.capture.parts.learning import learn
from genscope.capture.parts.masked_vit import PATCH, Decoder, Encoder, stack_flops
from genscope.capture.parts.sam_encoder import ImageEncoder, Shape, encoder_flops
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "EfficientSAM-Ti at 224 px, three quarters of the patches masked, a decoder of 8 blocks of width 512: the published recipe",
    "batches of 64, the published 4,096 over as many GPUs as SA-1B took; images are random and on the device",
    "the teacher sees the student's 224 px, which the paper leaves open; teacher-1024 pools its features to the student's patches",
    "targets are the 256 channels of the teacher's neck, as in an unofficial implementation",
)
# the student's width, heads and layers; the decoder's; channels of the features; sides of the student's and the larger images
TINY = ((24, 3, 1), (32, 2, 1), 32, 64, 128)
PAPER = ((192, 3, 12), (512, 16, 8), 256, 224, 1024)


class Pretraining(nn.Module):
    """The networks of a step."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        student, (narrow, few, blocks), out, side, large = TINY if settings.tiny else PAPER
        self.grid = side // PATCH
        self.patches = self.grid**2
        self.kept = self.patches // 4
        self.side = large if settings.variant == "teacher-1024" else side
        self.teacher: ImageEncoder | None = None
        if settings.variant != "no-teacher":
            self.teacher = ImageEncoder(_teacher(settings), self.side // PATCH, out)
            self.teacher.requires_grad_(False)
        self.encoder = Encoder(self.patches, *student, shows=False)
        widths = (student[0], narrow, few, blocks, out)
        self.decoder = Decoder(self.patches, widths, prompts=True)

    def targets(self, images: torch.Tensor) -> torch.Tensor:
        """The teacher's features of every patch of the student, [batch, patches, out]."""
        assert self.teacher is not None
        found: torch.Tensor = self.teacher(images)
        if found.shape[-1] != self.grid:
            found = functional.adaptive_avg_pool2d(found, self.grid)
        return found.flatten(2).transpose(1, 2)

    def predicted(self, images: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
        """The student's features of every patch, in the image's order; `order` has the patches that are seen first."""
        encoded = self.encoder(images, order[:, : self.kept])
        found = self.decoder(encoded, order[:, self.kept :])[:, 1:]
        return found.gather(1, order.argsort(1)[..., None].expand_as(found))  # type: ignore[no-any-return]


def _teacher(settings: Settings) -> Shape:
    return (efficient_sam.TINY if settings.tiny else efficient_sam.SHAPES)["sam-h"]


def _expected(settings: Settings, net: Pretraining) -> tuple[Expectation, ...]:
    """FLOPs from the dimensions: backward costs twice the forward pass, without a gradient of the images; see milan."""
    (width, _, layers), (narrow, _, blocks), out, *_ = TINY if settings.tiny else PAPER
    tokens, seen, batch = net.patches + 1, net.kept + 1, settings.batch
    embedded = 2 * net.patches * width * 3 * PATCH * PATCH
    again = 2 if settings.attention in ("baseline", "math") else 2.5
    encoder = stack_flops(width, layers, seen, seen, embedded)
    ends = 2 * (seen * width * narrow + tokens * narrow * out)
    decoder = stack_flops(narrow, blocks, tokens - seen, tokens, ends)
    trained = sum(3 * linear + (1 + again) * attention for linear, attention in (encoder, decoder))
    calls, lengths, taught, shape, grid = (
        layers + blocks,
        2,
        0,
        _teacher(settings),
        net.side // PATCH,
    )
    if net.teacher is not None:
        taught = encoder_flops(shape, grid, out)[0]
        calls += shape.layers
        lengths += len({shape.side(layer, grid) for layer in range(shape.layers)})
    return (
        Expectation("flops", batch * (taught + trained - embedded)),
        Expectation("flops", batch * sum(encoder), place="encoder/forward"),
        Expectation("flops", batch * sum(decoder), place="decoder/forward"),
        *((Expectation("flops", batch * taught, "assumed", "teacher"),) if taught else ()),
        Expectation("attention_calls", calls, "code"),
        Expectation("attention_lengths", lengths, "code"),
        Expectation("host_syncs", 1, "code"),
    )


def build(settings: Settings) -> Workload:
    """A student of 5.5 million parameters, a decoder of 25.5 million, and a teacher of 637 million."""
    net = Pretraining(settings)
    out, side = (TINY if settings.tiny else PAPER)[2:4]
    batch = settings.batch
    images = torch.randn(batch, 3, side, side)
    shown = images if net.side == side else torch.randn(batch, 3, net.side, net.side)
    known = torch.randn(batch, net.patches, out)
    trained = [*net.encoder.parameters(), *net.decoder.parameters()]
    optimizer = torch.optim.AdamW(
        trained, 2.4e-3, (0.9, 0.95), weight_decay=0.05, foreach=settings.device != "cpu"
    )

    def request(labels: Labels) -> torch.Tensor:
        target = known
        if net.teacher is not None:
            with labels.phase("targets"), labels.component("teacher"), torch.no_grad():
                target = net.targets(shown)
        with labels.phase("forward"):
            with labels.component("mask"):
                order = torch.rand(batch, net.patches, device=images.device).argsort(1)
            found = net.predicted(images, order)
            with labels.component("loss"):
                loss = functional.mse_loss(found, target)
        learn(labels, loss, optimizer)
        with labels.phase("log"), labels.component("loss"):
            loss.item()
        return loss

    components: dict[str, nn.Module] = {"encoder": net.encoder, "decoder": net.decoder}
    if net.teacher is not None:
        components = {"teacher": net.teacher, **components}
    return Workload(
        components=components,
        request=request,
        calls_full={},
        steps_full=1,
        image_size=side,
        assumptions=ASSUMPTIONS,
        trains=True,
        unit="batch",
        samples=batch,
        expected=_expected(settings, net),
    )
