"""What can be captured and how: models, profilers and attention implementations by name, none of which is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SIZES = ("tiny", "paper")

ATTENTIONS = ("baseline", "math", "flash", "efficient", "cudnn", "flash-attn", "fa4")

PROFILERS = {
    "torch": "genscope.capture.profilers.torch_profiler",
    "dry": "genscope.capture.profilers.dry",
    "nsys": "genscope.capture.profilers.nsys",
    "ncu": "genscope.capture.profilers.ncu",
}


@dataclass(frozen=True)
class ModelEntry:
    """One model: its family, a sentence, its variants (the first is the default) and the sizes a user may set.

    Its image size must be a multiple of `multiple` (the tiny model's of `tiny_multiple`, if that differs), and its number of
    frames one more than a multiple of `frame_group`. `paper` is its number on arXiv. `batches` and `knobs`, numbers that
    `--set` changes, have a default for the tiny and one for the paper's size; `own_batches` are those of variants with another one.
    """

    family: str
    sentence: str
    variants: tuple[str, ...] = ("default",)
    options: tuple[str, ...] = ("image_size",)
    dtype: str = "float16"
    multiple: int = 8
    tiny_multiple: int | None = None
    frame_group: int = 1
    paper: str | None = None
    batches: tuple[int, int] = (1, 1)
    own_batches: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    knobs: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def batch(self, variant: str, *, tiny: bool) -> int:
        """The number of samples that a variant takes at once, unless a user sets it."""
        return self.own_batches.get(variant, self.batches)[0 if tiny else 1]

    @property
    def summary(self) -> str:
        """The sentence, and the variants if there are several."""
        more = f" ({', '.join(self.variants)})" if len(self.variants) > 1 else ""
        return self.sentence + more


def _video(
    sentence: str, *, frame_group: int, multiple: int = 16, variants: tuple[str, ...] = ("default",)
) -> ModelEntry:
    """A video diffusion transformer: --image-size is the height of a frame."""
    return ModelEntry(
        "diffusion",
        sentence,
        variants,
        ("image_size", "frames"),
        "bfloat16",
        multiple=multiple,
        frame_group=frame_group,
    )


MODELS = {
    "llama": ModelEntry("llm", "LLaMA: prefill of a prompt, then decode", ("2-7b", "3.1-8b"), ()),
    "imagen": ModelEntry(
        "diffusion",
        "Imagen: T5-XXL, pixel diffusion at 64, then 256 and 1024",
        multiple=128,
        tiny_multiple=32,
    ),
    "stable_diffusion": ModelEntry("diffusion", "Stable Diffusion 1.5: latent diffusion"),
    "muse": ModelEntry(
        "transformer",
        "Muse: masked image tokens, decoded in parallel",
        ("3b", "amused-256", "amused-512"),
        (),
    ),
    "parti": ModelEntry(
        "transformer", "Parti: image tokens, one at a time", ("20b", "3b", "750m", "350m"), ()
    ),
    "prod_image": ModelEntry("diffusion", "SDXL, a stand-in for a production model that is closed"),
    "make_a_video": ModelEntry(
        "diffusion",
        "Make-A-Video: pixel diffusion with temporal layers",
        options=("image_size", "frames"),
        multiple=2,
    ),
    "phenaki": ModelEntry(
        "transformer", "Phenaki: masked video tokens", options=("frames",), frame_group=2
    ),
    "flux": ModelEntry("diffusion", "FLUX.1: joint attention", dtype="bfloat16", multiple=16),
    "sd3": ModelEntry(
        "diffusion", "Stable Diffusion 3 medium: joint attention", dtype="bfloat16", multiple=16
    ),
    "pixart": ModelEntry(
        "diffusion", "PixArt: a diffusion transformer with cross-attention", multiple=16
    ),
    "wan": _video("Wan 2.1: video diffusion transformer", variants=("14b", "1.3b"), frame_group=4),
    "hunyuan_video": _video("HunyuanVideo: joint video and text attention", frame_group=4),
    "cogvideox": _video(
        "CogVideoX: joint video and text attention", variants=("2b", "5b"), frame_group=8
    ),
    "ltx": _video("LTX-Video: a very compressed latent", multiple=32, frame_group=8),
    "mochi": _video("Mochi 1: joint video and text attention", frame_group=6),
}

# papers whose training or adaptation steps are workloads: `genscope suite --family seeds`
SEEDS = {
    "efficient_sam": ModelEntry(
        "segmentation",
        "EfficientSAM and SAM: encode an image, decode masks for prompts",
        ("ti", "s", "sam-b", "sam-h"),
        (),
        paper="2312.00863",
        knobs={"prompts": (2, 64)},
    ),
    "sami": ModelEntry(
        "pretraining",
        "SAMI: EfficientSAM's masked image pretraining towards SAM's frozen features",
        ("sami", "teacher-1024", "no-teacher"),
        (),
        paper="2312.00863",
        batches=(2, 64),
    ),
    "tea": ModelEntry(
        "adaptation",
        "TEA: a classifier adapts to each test batch by its energy",
        ("tea", "tent", "source"),
        (),
        "float32",
        paper="2311.14402",
        batches=(8, 200),
        knobs={"rounds": (3, 20)},
    ),
    "pde_plus": ModelEntry(
        "training",
        "PDE+: a ResNet with learned diffusion, trained in two phases",
        ("pde_plus", "erm", "frozen"),
        (),
        "float32",
        paper="2305.15835",
        batches=(4, 128),
    ),
    "llmcrs": ModelEntry(
        "llm",
        "LLMCRS: one turn of a dialogue that recommends, in three calls",
        ("turn", "prefix", "rlpf"),
        (),
        paper="2308.06212",
        knobs={"answer": (3, 20)},
    ),
    "milan": ModelEntry(
        "pretraining",
        "MILAN: masked image pretraining towards a frozen teacher",
        ("milan", "mae", "no-teacher"),
        (),
        paper="2208.06049",
        batches=(2, 256),
    ),
    "mos": ModelEntry(
        "supernet",
        "Mixture-of-Supernets: a BERT whose weights are mixed from experts",
        ("neuron", "layer", "slice", "materialised", "sandwich", "sandwich-slice"),
        (),
        paper="2306.04845",
        own_batches=dict.fromkeys(("sandwich", "sandwich-slice"), (2, 128)),
        knobs={"experts": (2, 2), "passes": (2, 4)},
    ),
    "legonet": ModelEntry(
        "unlearning",
        "LegoNet: a fixed encoder and many adapters, of which few are active",
        ("gather", "dense", "grouped", "unlearn", "retrain"),
        (),
        "float32",
        paper="2210.16023",
        batches=(4, 256),
        knobs={"adapters": (8, 100)},
    ),
    "simple_hhea": ModelEntry(
        "alignment",
        "Simple-HHEA: epochs over a whole knowledge graph, and a ranking",
        ("host-eval", "gpu-eval"),
        (),
        "float32",
        paper="2304.03468",
        knobs={"epochs": (2, 10)},
    ),
    "robust_rec": ModelEntry(
        "recommender",
        "Robust recommenders: adversarial and contrastive training steps",
        ("apr", "bpr", "apr-rows", "amr", "vbpr", "sgl", "lightgcn", "tce", "tce-device"),
        (),
        "float32",
        paper="2309.02057",
        batches=(16, 512),
        knobs={"rows": (300, 25_677)},
    ),
}
ENTRIES = {**MODELS, **SEEDS}

SUITE = (
    "llama", "imagen", "stable_diffusion", "muse", "parti", "prod_image", "make_a_video", "phenaki",
)  # fmt: skip
