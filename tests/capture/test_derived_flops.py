"""FLOPs of every model and variant at published dimensions: against formulas over those dimensions, and torch's own.

Every component's call is counted twice in one pass on the meta device: from the shapes in the trace, as an analysis does, and by
torch's formulas from the tensors. Those below are for what dominates, so they hold within half a percent: D is a width, N a length,
2 FLOPs a multiply-add.
"""

from __future__ import annotations

from typing import Any

import capture_traces as traces
import pytest
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from genscope.capture.catalog import MODELS
from genscope.capture.dry.operators import functions_as_on
from genscope.capture.dry.recorder import DryRecorder
from genscope.capture.runner import dry_runner
from genscope.capture.settings import Settings, resolved
from tests.effort import part

ALL = [
    f"{name}:{variant}" if variant != entry.variants[0] else name
    for name, entry in MODELS.items()
    for variant in entry.variants
]


def flops_by_torch(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> int:
    """FLOPs of one call by torch's formula; of a call that torch can write as others, the FLOPs of those."""
    formula = flop_registry.get(func._overloadpacket)
    if formula is not None:
        return int(formula(*args, **kwargs, out_val=output))
    # which calls these are depends on what else has been imported
    if not func._can_decompose():
        return 0
    with FlopCounterMode(display=False) as counter:
        func.decompose(*args, **kwargs)
    return int(counter.get_total_flops())


class CountingRecorder(DryRecorder):
    """Adds up what torch's FlopCounterMode would, which also follows every module, for as long as the rest of a pass takes."""

    def __init__(self) -> None:
        super().__init__("cuda")
        self.by_torch: dict[str, list[int]] = {}
        self.by_shape: dict[str, list[int]] = {}
        self._total = 0
        self._began: list[tuple[str, int, int]] = []
        # by the list of dimensions that all rows of one operator and shape share
        self._flops_of: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        output = super().__torch_dispatch__(func, types, args, kwargs)
        self._total += flops_by_torch(func, args, kwargs or {}, output)
        return output

    def enter(self, label: str) -> None:
        self._began.append((label, self._total, len(self._rows)))
        super().enter(label)

    def leave(self) -> None:
        label, total, row = self._began.pop()
        if label.startswith("component:"):
            name = label.partition(":")[2]
            self.by_torch.setdefault(name, []).append(self._total - total)
            found = sum(self._flops(event) for event in self._rows[row:] if "args" in event)
            self.by_shape.setdefault(name, []).append(found)
        super().leave()

    def _flops(self, event: traces.Event) -> int:
        key = id(event["args"]["Input Dims"])
        if key not in self._flops_of:
            self._flops_of[key] = traces.flops(event)
        return self._flops_of[key]


def counted(model: str) -> CountingRecorder:
    """One request of one profiled step."""
    settings = resolved(Settings(model, profiler="dry", size="paper", attention="flash", steps=1))
    run, recorder = dry_runner(settings), CountingRecorder()
    with functions_as_on("cuda"), recorder:
        run.labelled(recorder)
    return recorder


def blocks(layers: int, width: int, length: int, *, weights: int, attended: int = 0) -> int:
    """Transformer blocks whose matrices have `weights` x width^2 entries, each token attending to all, or to `attended`."""
    pairs = length * (attended or length)
    return layers * (2 * weights * width**2 * length + 4 * pairs * width)


def crossing(
    layers: int, width: int, length: int, *, text: int, inner: int, source: int = 0
) -> int:
    """Blocks of self-attention (q, k, v, out), cross-attention to a text and a feed-forward of `inner`, two matrices."""
    own = 2 * (6 * width**2 + 2 * width * inner) * length + 4 * length**2 * width
    other = 2 * 2 * width * (source or width) * text + 4 * length * text * width
    return layers * (own + other)


def t5_xxl(length: int) -> int:
    """24 layers of width 4096; gated feed-forward of 10240: three matrices."""
    return 24 * (2 * (4 * 4096**2 + 3 * 4096 * 10240) * length + 4 * length**2 * 4096)


def clip(layers: int, width: int) -> int:
    return blocks(layers, width, 77, weights=12)


def video(frames: int, height: int, width: int) -> int:
    """Tokens of a latent that is 8 times smaller each way, in patches of 2 x 2."""
    return frames * (height // 16) * (width // 16)


def mochi() -> int:
    """Video of width 3072 and text of 1536 in one attention; gated feed-forwards of 8192 and 4096."""
    tokens, text, wide, narrow = video(4, 480, 848), 256, 3072, 1536
    own = 4 * wide**2 + 3 * wide * 8192
    beside = 4 * narrow * wide + 3 * narrow * 4096
    attention = 4 * (tokens + text) ** 2 * wide
    return 48 * (2 * own * tokens + 2 * beside * text + attention)


def grouped_llama(prompt: int, *, head: int) -> int:
    """Llama 3.1's 32 layers of width 4096, 8 of 32 key and value heads, three matrices of 14336; `head` is its last matrix."""
    weights = (2 + 2 / 4) * 4096**2 + 3 * 4096 * 14336
    return round(32 * (2 * weights * prompt + 4 * prompt**2 * 4096) + 2 * head)


def parti_decoder(layers: int, width: int, step: int) -> int:
    """One token: q, k, v, out; q, out; two matrices of 4 widths; keys up to its own position and of 128 text tokens."""
    attended = step + 2 + 128
    return layers * (2 * 14 * width**2 + 4 * attended * width) + 2 * width * 8192


def muse_finer() -> int:
    """4096 tokens that attend to themselves and to 256 coarse and 128 text tokens, all of width 1024."""
    fine = crossing(32, 1024, 4096, text=384, inner=4096) + 2 * 1024 * 8192 * 4096
    return fine + blocks(16, 1024, 256, weights=12) + 2 * 4096 * 1024 * 128


# each component's FLOPs a call; times 2 where guidance runs two prompts
DERIVED = {
    "llama:3.1-8b": {"prefill": grouped_llama(2048, head=4096 * 128256)},
    "imagen": {"text_encoder": 2 * t5_xxl(77)},
    "stable_diffusion": {"text_encoder": 2 * clip(12, 768), "unet": 2 * 803.27e9},
    "muse": {
        "text_encoder": 2 * t5_xxl(128),
        "transformer": 2 * (
            crossing(48, 2048, 256, text=128, inner=8192) + 2 * 2048 * 8192 * 256 + 2 * 4096 * 2048 * 128
        ),
        "super_resolution": 2 * muse_finer(),
    },
    "parti": {"text_encoder": 2 * blocks(16, 4096, 128, weights=12), "decode": 2 * parti_decoder(64, 4096, 511)},
    "parti:3b": {"text_encoder": 2 * blocks(12, 2048, 128, weights=12), "decode": 2 * parti_decoder(36, 2048, 511)},
    "parti:750m": {"text_encoder": 2 * blocks(12, 1024, 128, weights=12), "decode": 2 * parti_decoder(36, 1024, 511)},
    "parti:350m": {"decode": 2 * parti_decoder(12, 1024, 511), "detokenizer": blocks(32, 1280, 1024, weights=12)},
    "prod_image": {"text_encoder": 2 * clip(12, 768), "text_encoder_2": 2 * clip(32, 1280)},
    "make_a_video": {"text_encoder": 2 * clip(23, 1024)},
    "phenaki": {
        "text_encoder": 2 * t5_xxl(128),
        "transformer": 2 * (
            crossing(24, 2048, 1536, text=128, inner=8192) + 2 * 2048 * 8192 * 1536 + 2 * 4096 * 2048 * 128
        ),
    },
    "flux": {"text_encoder_2": t5_xxl(512), "transformer": blocks(19 + 38, 3072, 4096 + 512, weights=12)},
    "sd3": {"text_encoder_3": 2 * t5_xxl(256), "transformer": 2 * blocks(24, 1536, 4096 + 77 + 256, weights=12)},
    "pixart": {
        "text_encoder": 2 * t5_xxl(300),
        "transformer": 2 * crossing(28, 1152, 4096, text=300, inner=4 * 1152),
    },
    "wan": {"transformer": 2 * crossing(40, 5120, video(21, 480, 832), text=512, inner=13824)},
    "wan:1.3b": {"transformer": 2 * crossing(30, 1536, video(21, 480, 832), text=512, inner=8960)},
    "hunyuan_video": {"transformer": blocks(20 + 40, 3072, video(33, 720, 1280) + 256, weights=12)},
    "cogvideox": {"transformer": 2 * blocks(30, 1920, video(13, 480, 720) + 226, weights=12)},
    "cogvideox:5b": {"transformer": 2 * blocks(42, 3072, video(13, 480, 720) + 226, weights=12)},
    "ltx": {"transformer": 2 * crossing(28, 2048, 21 * 16 * 22, text=128, inner=4 * 2048)},
    "mochi": {"text_encoder": 2 * t5_xxl(256), "transformer": 2 * mochi()},
}  # fmt: skip


@pytest.mark.parametrize("model", part(ALL, of=3))
def test_flops_of_every_call_are_torchs_and_the_formulas(model: str) -> None:
    calls = counted(model)
    assert calls.by_shape == calls.by_torch
    assert sum(map(sum, calls.by_torch.values())) > 0
    for component, expected in DERIVED.get(model, {}).items():
        assert calls.by_shape[component] == [pytest.approx(expected, rel=0.005)], component
