"""The nine papers: what each says about cost, the lesson of its step, and the tables that show it."""

from __future__ import annotations

from lesson import (
    Lesson,
    Published,
    Run,
    Runs,
    bound,
    fused,
    inside,
    parts,
    split,
    times,
    waits,
    waste,
)  # fmt: skip

from genscope.analyze.report.format import duration, percent
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
            "400 epochs of ImageNet on 8 GPUs",
            "39 h",
            "the README of the published code; A100-40G",
            "milan",
            _hours,
        ),
    ),
    "mos": (Published("cost of training the supernet", "minimal training overhead", "abstract"),),
}


def _efficient_sam(runs: Runs) -> str:
    few, many = runs.of["ti, prompts 1"], runs.of["ti, prompts 1,024"]
    less = [1 / runs.ratio(run.name, "sam-h", "flops_ratio") for run in (few, many)]
    return (
        f"Next to SAM's ViT-H, EfficientSAM-Ti needs {times(less[0])} fewer FLOPs for one prompt and {times(less[1])} fewer for "
        f"1,024: then the decoder, which both share, takes {percent(many.share('decoder'))} of the time"
    )


def _tea(runs: Runs) -> str:
    # the source does not depend on the rounds
    whole = runs.of["source"].total("flops")
    all_, five = (times(runs.of[run].total("flops") / whole) for run in ("tea", "tea, rounds 5"))
    return f"Adapting to a batch takes {all_} the FLOPs of classifying it, with 5 rounds {five}"


def _pde_plus(runs: Runs) -> str:
    dead, waits = runs.answer("dead_work"), runs.answer("host_sync")
    mine = dead.filter(dead["run"] == "pde_plus")["flops_frac"].sum()
    count = waits.filter(waits["run"] == "pde_plus")["sync_count"].sum()
    return f"{percent(mine)} of a step's FLOPs are gradients or scores that nothing reads, and the host waits {count} times"


def _robust_rec(runs: Runs) -> str:
    small = times(runs.ratio("apr", "apr-rows", "bytes_ratio"))
    large = times(runs.ratio("apr, rows 1,000,000", "apr-rows", "bytes_ratio"))
    return f"A step over whole tables moves {small} the bytes of one over the batch's rows, with a million rows {large}"


def _llmcrs(runs: Runs) -> str:
    one, many = (runs.of[name].share("prefill") for name in ("turn", "turn, batch 16"))
    return f"Prefill takes {percent(one)} of the predicted time at batch 1 and {percent(many)} at batch 16"


def _mos(runs: Runs) -> str:
    flops, moved, later = (
        times(runs.ratio(run, other, column))
        for run, other, column in (
            ("neuron", "slice", "flops_ratio"),
            ("neuron", "slice", "bytes_ratio"),
            ("neuron, batch 128", "slice", "bytes_ratio"),
        )
    )
    return f"Mixing weights takes {flops} the FLOPs but {moved} the bytes at batch 1, and {later} at batch 128"


def _legonet(runs: Runs) -> str:
    each = {name: run.total("bytes", "adapters") for name, run in runs.of.items()}
    time = {name: run.total("work_ns", "adapters") for name, run in runs.of.items()}
    return (
        f"Gathering the few adapters of each sample moves {times(each['gather'] / each['dense'])} the bytes of computing all, "
        f"and takes {times(time['gather'] / time['dense'])} the time; grouped by adapter, {times(time['grouped'] / time['dense'])}"
    )


def _milan(runs: Runs) -> str:
    run = runs.of["milan"]
    without = 1 / runs.ratio("no-teacher", "milan", "work_ns_ratio")
    return (
        f"The frozen teacher takes {percent(run.total('flops', 'teacher') / run.total('flops'))} of the FLOPs and "
        f"{percent(run.share('teacher'))} of the predicted time; with its features at hand a step is {times(without)} as fast"
    )


def _simple_hhea(runs: Runs) -> str:
    run = runs.of["gpu-eval"]
    ranking = run.total("work_ns", "evaluation")
    return (
        f"While NumPy ranks on the host, the GPU has nothing to do; on the device the ranking takes {duration(ranking)} of predicted "
        f"time, {percent(run.share('evaluation'))} of the run"
    )


LESSONS = (
    Lesson(
        "efficient_sam",
        "EfficientSAM",
        "Speed up the part that dominates, and another part dominates.",
        dict.fromkeys(("ti", "s", "sam-b"), "sam-h"),
        _efficient_sam,
        (parts("encoder", "decoder"), fused),
        "`genscope query stage_time` has the time of each component, and `genscope query flash_speedup` what a pair of runs gained. "
        "Published rates are of whole requests, whose precision and software were not found; ours leave out host gaps, so for a rate far "
        "below the predicted one ask `genscope query idle_time`.",
        ("stage_time", "flash_speedup"),
    ),
    Lesson(
        "tea",
        "TEA",
        "A method's cost is a law that a trace can confirm.",
        {"tea": "source", "tent": "source"},
        _tea,
        (split("tea", "phase", "pass"),),
        "put ranges `phase:<name>` around the parts of your step; `genscope query training_split` then has the time of each. A law of "
        "your own goes into `genscope.record(..., expect={...})`, and `genscope check` compares it with each trace. Here the law is "
        "2K + 5 forward passes for K rounds, less two of the first convolution, and no weight gradient of any convolution, as only "
        "normalization learns.",
        ("variant_contrast", "training_split", "expectation"),
    ),
    Lesson(
        "pde_plus",
        "PDE+",
        "Dead work and host waits look like any other work.",
        {"pde_plus": "erm", "frozen": "erm"},
        _pde_plus,
        (waste,),
        "`genscope capture my_step.py:step --profiler dry` follows the data of your own step, without a GPU; then ask `genscope query "
        "dead_work`. `genscope query host_sync` also reads traces of a GPU. `frozen` is the fix: no gradients of what phase 1 doesn't "
        "train, and no value read back.",
        ("dead_work", "host_sync"),
    ),
    Lesson(
        "robust_rec",
        "Robust recommenders",
        "A training step can cost what the tables do, not what the batch does.",
        {"apr": "bpr", "apr-rows": "bpr", "amr": "vbpr", "sgl": "lightgcn"},
        _robust_rec,
        (),
        "capture two sizes of a table: if `genscope query roofline` has bytes that grow with it at the same batch, gradients are dense. "
        "Sparse ones, or an update of the batch's rows as in `apr-rows`, are the fix.",
        ("variant_contrast", "roofline"),
    ),
    Lesson(
        "llmcrs",
        "LLMCRS",
        "At batch 1 decoding takes most of a turn, although prompts are far longer than answers.",
        {"prefix": "turn"},
        _llmcrs,
        (parts("prefill", "decode"),),
        "`genscope query stage_time` splits the time where the components are labelled, `genscope query prefill_decode` the attention "
        "by its lengths. Keeping a shared prefix (`prefix`) helps, but batching turns gains far more.",
        ("stage_time", "prefill_decode"),
    ),
    Lesson(
        "mos",
        "Mixture-of-Supernets",
        "Equal FLOPs can move several times the bytes.",
        {"neuron": "slice", "layer": "slice", "materialised": "slice"},
        _mos,
        (bound,),
        "`genscope query roofline` says whether FLOPs or bytes limit a run: where it is bytes, count these. `materialised` mixes once "
        "and keeps the weights.",
        ("variant_contrast", "roofline"),
    ),
    Lesson(
        "legonet",
        "LegoNet",
        "Activating few weights by gathering them can cost more than computing with all.",
        {"gather": "dense", "grouped": "dense"},
        _legonet,
        (inside("adapters", "dense"),),
        "`genscope query operator_breakdown` has the time of indexing and copies. Where that is large next to the products, compute with "
        "all weights, or sort the samples by what they activate (`grouped`). That moves the fewest bytes, but in so many small operators that "
        "a GPU gains little: all groups should be one product.",
        ("variant_contrast", "operator_breakdown"),
        "Its text could not be read, so all sizes are assumed.",
    ),
    Lesson(
        "milan",
        "MILAN",
        "The network that learns nothing can cost the most.",
        {"mae": "milan", "no-teacher": "milan"},
        _milan,
        (split("milan", "component", "pass"),),
        "`genscope query training_split` has the time of each component, forward, backward and updating. A teacher in lower precision, "
        "or its features computed once, saves at most its share.",
        ("training_split", "variant_contrast"),
    ),
    Lesson(
        "simple_hhea",
        "Simple-HHEA",
        "A small model keeps a GPU waiting for Python.",
        {"gpu-eval": "host-eval"},
        _simple_hhea,
        (split("gpu-eval", "phase"), waits),
        "`genscope query host_sync` has the places where the host waits, and on a trace of a GPU `genscope query idle_time` how long the "
        "GPU did nothing and why. A dry run has no time of NumPy: what `host-eval` takes on the host is not in the table.",
        ("host_sync", "idle_time"),
    ),
)
