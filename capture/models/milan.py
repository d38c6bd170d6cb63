"""MILAN (Hou et al. 2022): masked pretraining towards a frozen CLIP teacher's features, with a decoder that is prompted.

The teacher, which learns nothing, takes two fifths of the step. `mae` lets all tokens of the decoder attend, as MAE does;
`no-teacher` has the features at hand, which is the most that caching them could save.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.learning import learn
from genscope.capture.parts.masked_vit import PATCH, Decoder, Encoder, stack_flops
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "ViT-B/16 at 224 px, a quarter of the patches kept, a decoder of 8 blocks of width 512, batch 256 a GPU: the published recipe",
    "all weights are in the run's type, where the published code casts; images are random and on the device",
)
# width, heads, layers of the encoders; of the decoder; numbers of the teacher's features
TINY = ((48, 2, 2), (32, 2, 2), 24, 64)
PAPER = ((768, 12, 12), (512, 16, 8), 512, 224)


class Pretraining(nn.Module):
    """The networks of a step."""

    def __init__(
        self, sizes: tuple[tuple[int, ...], tuple[int, ...], int, int], variant: str
    ) -> None:
        super().__init__()
        (width, heads, layers), (narrow, few, blocks), out, side = sizes
        self.patches = (side // PATCH) ** 2
        self.kept = self.patches // 4
        self.teacher = Encoder(self.patches, width, heads, layers, shows=True)
        self.teacher.requires_grad_(False)
        self.project = nn.Linear(width, out, bias=False).requires_grad_(False)
        self.encoder = Encoder(self.patches, width, heads, layers, shows=False)
        self.decoder = Decoder(
            self.patches, (width, narrow, few, blocks, out), prompts=variant != "mae"
        )

    def targets(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The teacher's features of every token, and how much its class token attends to each patch."""
        found = functional.normalize(self.project(self.teacher(images)), dim=-1)
        return found, self.teacher.shown()


def _expected(
    settings: Settings, net: Pretraining, sizes: tuple[tuple[int, ...], ...]
) -> tuple[Expectation, ...]:
    """FLOPs from the dimensions: backward costs twice the forward pass, without a gradient of the images.

    Fused attention computes the scores again: five products backward for two forward.
    """
    (width, _, layers), (narrow, _, blocks) = sizes
    out, batch, tokens = net.project.out_features, settings.batch, net.patches + 1
    embedded = 2 * net.patches * width * 3 * PATCH * PATCH
    again = 2 if settings.attention in ("baseline", "math") else 2.5

    teacher = sum(stack_flops(width, layers, tokens, tokens, embedded + 2 * tokens * width * out))
    seen = net.kept + 1
    encoder = stack_flops(width, layers, seen, seen, embedded)
    ends = 2 * (seen * width * narrow + tokens * narrow * out)
    queries = tokens if settings.variant == "mae" else tokens - seen
    decoder = stack_flops(narrow, blocks, queries, tokens, ends)
    trained = [3 * linear + (1 + again) * attention for linear, attention in (encoder, decoder)]
    taught = settings.variant != "no-teacher"
    lengths = 2 + (taught and settings.variant != "mae")
    return (
        Expectation("flops", batch * (taught * teacher + sum(trained) - embedded)),
        Expectation("flops", batch * (sum(encoder)), place="encoder/forward"),
        Expectation("flops", batch * (sum(decoder)), place="decoder/forward"),
        Expectation("attention_calls", taught * layers + layers + blocks, "code"),
        Expectation("attention_lengths", lengths, "code"),
        Expectation("host_syncs", 1, "code"),
    )


def build(settings: Settings) -> Workload:
    """ViT-B/16 encoders, of which one is frozen; encoder and decoder have 111.8 million parameters."""
    sizes = TINY if settings.tiny else PAPER
    net = Pretraining(sizes, settings.variant)
    batch, side = settings.batch, sizes[3]
    images = torch.randn(batch, 3, side, side)
    known = torch.randn(batch, net.patches + 1, sizes[2]), torch.rand(batch, net.patches)
    trained = [*net.encoder.parameters(), *net.decoder.parameters()]
    optimizer = torch.optim.AdamW(trained, 1e-4, (0.9, 0.95), foreach=settings.device != "cpu")

    def request(labels: Labels) -> torch.Tensor:
        target, importance = known
        if settings.variant != "no-teacher":
            with labels.phase("targets"), labels.component("teacher"), torch.no_grad():
                target, importance = net.targets(images)
        with labels.phase("forward"):
            with labels.component("mask"):
                order = torch.multinomial(importance, net.patches)
            encoded = net.encoder(images, order[:, : net.kept])
            predicted = net.decoder(encoded, order[:, net.kept :])
            with labels.component("loss"):
                near = (functional.normalize(predicted, dim=-1) * target).sum(-1)
                loss = (2 - 2 * near).mean()
        learn(labels, loss, optimizer)
        with labels.phase("log"), labels.component("loss"):
            loss.item()
        return loss

    components: dict[str, nn.Module] = {"encoder": net.encoder, "decoder": net.decoder}
    if settings.variant != "no-teacher":
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
        expected=_expected(settings, net, sizes[:2]),
    )
