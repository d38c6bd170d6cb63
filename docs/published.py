"""What the nine papers say about cost, where it was read, and how to get ours from a run."""

from __future__ import annotations

from lesson import Published, Run

from genscope.capture.catalog import SEEDS

# training images of ImageNet-1K
IMAGENET = 1_281_167


def _throughput(run: Run) -> str:
    """Samples a second of predicted time, which leaves host gaps out."""
    return f"{_rate(run):,.0f}, predicted"


def _hours(run: Run) -> str:
    """400 epochs of ImageNet on 8 GPUs, which share nothing."""
    return f"{400 * IMAGENET / (8 * _rate(run) * 3600):.0f} h, predicted"


def _rate(run: Run) -> float:
    return float(run.manifest["samples"]) * 1e9 / run.total("work_ns")


def _parameters(run: Run) -> str:
    return f"{run.manifest['parameters_total'] / 1e6:.1f} M"


def _prompt(run: Run) -> str:
    return str(run.manifest["prompt_tokens"])


def _answer(run: Run) -> str:
    return str(SEEDS[run.manifest["model"]].knobs["answer"][1])


_TABLE = "the paper's text; A100, one box, 1024 px"
PUBLISHED: dict[str, tuple[Published, ...]] = {
    "efficient_sam": (
        Published("SAM, images/s", "2", _TABLE, "sam-h, prompts 1", _throughput),
        Published("EfficientSAM-S, images/s", "47", _TABLE, "s, prompts 1", _throughput),
        Published("EfficientSAM-Ti, images/s", "54", _TABLE, "ti, prompts 1", _throughput),
        Published("SAM, parameters", "636 M", "the paper's text", "sam-h", _parameters),
        Published("EfficientSAM-S, parameters", "25 M", "the paper's text", "s", _parameters),
        Published("EfficientSAM-Ti, parameters", "10 M", "the paper's text", "ti", _parameters),
    ),
    "llmcrs": (
        Published("longest prompt, tokens", "512", "the paper's text", "turn", _prompt),
        Published("longest answer, tokens", "100", "the paper's text", "turn", _answer),
    ),
    "milan": (
        Published(
            "images/s of one GPU",
            "456, from the line below",
            "39 h, 8 GPUs and 400 epochs of 1,281,167 images",
            "milan",
            _throughput,
        ),
        Published(
            "400 epochs of ImageNet on 8 GPUs",
            "39 h",
            "the README of the published code; A100-40G",
            "milan",
            _hours,
        ),
    ),
    "mos": (Published("cost of training the supernet", "minimal training overhead", "abstract"),),
}
