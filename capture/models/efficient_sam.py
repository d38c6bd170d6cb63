"""EfficientSAM (Xiong et al. 2023) and SAM: encode an image once, then decode masks for each prompt.

A small encoder spends three quarters of its FLOPs on attention, so fused attention helps it most. But with a thousand prompts the
decoder, which all variants share, takes nearly all of the time that is left.
"""

from __future__ import annotations

import torch

from genscope.capture.expectation import Expectation
from genscope.capture.label.labels import Labels
from genscope.capture.parts.mask_decoder import POINTS, MaskDecoder, decoder_flops
from genscope.capture.parts.sam_encoder import PATCH, ImageEncoder, Shape, encoder_flops
from genscope.capture.settings import Settings
from genscope.capture.workload import Workload

ASSUMPTIONS = (
    "images of 1024 px; prompts are embedded already, and their masks are not enlarged to the image",
    "prompts are decoded 64 at a time, as all at once would copy the image for each of them",
)
CHUNK = 64
SHAPES = {
    "ti": Shape(192, 3, 12),
    "s": Shape(384, 6, 12),
    "sam-b": Shape(768, 12, 12, 14, (2, 5, 8, 11)),
    "sam-h": Shape(1280, 16, 32, 14, (7, 15, 23, 31)),
}
TINY = {
    "ti": Shape(24, 3, 2),
    "s": Shape(48, 6, 2),
    "sam-b": Shape(48, 2, 2, 3, (1,)),
    "sam-h": Shape(64, 2, 2, 3, (1,)),
}
# weights of the encoder, of published checkpoints
PARAMETERS = {"sam-h": 637_026_048, "sam-b": 89_670_912}


def build(settings: Settings) -> Workload:
    """Encoders of 6.2 (ti), 22.4 (s), 89.7 (sam-b) or 637 million parameters (sam-h), and a decoder of 4.1 million."""
    shape = (TINY if settings.tiny else SHAPES)[settings.variant]
    size, wide, side = (32, 64, 128) if settings.tiny else (256, 2048, 1024)
    grid, count = side // PATCH, settings.knob("prompts")
    encoder, decoder = ImageEncoder(shape, grid, size), MaskDecoder(size, wide, grid)
    images = torch.randn(settings.batch, 3, side, side)
    places = torch.randn(1, grid * grid, size)
    prompts = torch.split(torch.randn(count, POINTS, size), CHUNK)

    def request(labels: Labels) -> torch.Tensor:
        with labels.phase("encode"):
            embedded = encoder(images)
        with labels.phase("decode"):
            masks = [
                decoder(one, places, few)[0] for one in torch.split(embedded, 1) for few in prompts
            ]
        last: torch.Tensor = masks[-1]
        return last

    encoded, core = encoder_flops(shape, grid, size)
    decoded = count * decoder_flops(size, wide, grid)
    calls = shape.layers + settings.batch * len(prompts) * 7
    known = {} if settings.tiny else PARAMETERS
    total = known.get(settings.variant, 0) + sum(p.numel() for p in decoder.parameters())
    published = (
        (Expectation("parameters_total", total, "paper"),) if settings.variant in known else ()
    )
    return Workload(
        components={"encoder": encoder, "decoder": decoder},
        request=request,
        calls_full={},
        steps_full=1,
        image_size=side,
        assumptions=ASSUMPTIONS,
        unit="image",
        samples=settings.batch,
        expected=(
            Expectation("flops", settings.batch * encoded, place="encoder"),
            Expectation("flops", settings.batch * decoded, place="decoder"),
            Expectation("attention_flops", settings.batch * core, place="encoder"),
            Expectation("attention_calls", calls, "code"),
            *published,
        ),
    )
