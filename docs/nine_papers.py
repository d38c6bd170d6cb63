"""The lessons of nine papers: the finding, the tables and the figure that show it, and what to do with a trace of yours."""

from __future__ import annotations

import lesson_figure as figure
import polars as pl
from lesson import Lesson, Runs, bound, fused, inside, movement, parts, split, times, waits, waste

from genscope.analyze.written import duration, percent


def _efficient_sam(runs: Runs) -> str:
    few, many = runs.of["ti, prompts 1"], runs.of["ti, prompts 1,024"]
    less = [1 / runs.ratio(run.name, "sam-h", "flops_ratio") for run in (few, many)]
    return (
        f"Next to SAM's ViT-H, EfficientSAM-Ti needs {times(less[0])} fewer FLOPs for one prompt and {times(less[1])} fewer for "
        f"1,024: then the decoder, which both share, takes {percent(many.share('decoder'))} of the time"
    )


def _sami(runs: Runs) -> str:
    near, far = (runs.of[name] for name in ("sami", "teacher-1024"))
    shares = [percent(run.total("flops", "teacher") / run.total("flops")) for run in (near, far)]
    split = runs.answer("training_split").filter(
        pl.col("run") == "sami", pl.col("pass") == "forward"
    )
    decoder, encoder = (
        float(split.filter(pl.col("component") == part)["flops"].sum())
        for part in ("decoder", "encoder")
    )
    return (
        f"The frozen teacher takes {shares[0]} of the FLOPs at 224 px and {shares[1]} at 1,024 px; the decoder, which is thrown away, "
        f"{times(decoder / encoder)} those of the encoder forward"
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
    learned = runs.of["rlpf"]
    turn = 1 - sum(learned.share(part) for part in ("training", "optimizer", "reward"))
    return (
        f"Prefill takes {percent(one)} of the predicted time at batch 1 and {percent(many)} at batch 16; of a step that learns from a "
        f"turn's reward, the turn takes {percent(turn)}"
    )


def _mos(runs: Runs) -> str:
    flops, moved, later = (
        times(runs.ratio(run, other, column))
        for run, other, column in (
            ("neuron", "slice", "flops_ratio"),
            ("neuron", "slice", "bytes_ratio"),
            ("neuron, batch 128", "slice", "bytes_ratio"),
        )
    )
    training = times(runs.ratio("sandwich", "sandwich-slice", "bytes_ratio"))
    return (
        f"Mixing weights takes {flops} the FLOPs but {moved} the bytes at batch 1, and {later} at batch 128; a step of training at "
        f"batch 128 moves {training} the bytes"
    )


def _legonet(runs: Runs) -> str:
    each = {name: run.total("bytes", "adapters") for name, run in runs.of.items()}
    time = {name: run.total("work_ns", "adapters") for name, run in runs.of.items()}
    again = runs.of["retrain"].total("flops") / runs.of["unlearn"].total("flops")
    return (
        f"Gathering the few adapters of each sample moves {times(each['gather'] / each['dense'])} the bytes of computing all, "
        f"and takes {times(time['gather'] / time['dense'])} the time; grouped by adapter, {times(time['grouped'] / time['dense'])}. "
        f"A step that retrains the whole model takes {times(again)} the FLOPs of one that forgets a sample"
    )


def _grouped(runs: Runs) -> str:
    grouped, dense = (runs.of[name] for name in ("grouped", "dense"))
    slower = times(grouped.total("work_ns", "adapters") / dense.total("work_ns", "adapters"))
    count = f"{grouped.total('work_count', 'adapters'):,.0f}"
    return (
        f"**On a GPU `grouped` is predicted to take {slower} the time of `dense`**, although it moves the fewest bytes: one product for "
        f"each adapter is {count} small operators. A CPU pays little for each of them: what it gains there is measured above. On a GPU all "
        "groups should be one product."
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
        fix="fused attention helps while the encoder dominates (`--attention flash`, the default); with many prompts, only a smaller decoder or fewer prompts do.",
        figure=figure.shares(
            "EfficientSAM-Ti: fuse the encoder's attention, then ask for more masks",
            ("ti, prompts 1, unfused attention", "ti, prompts 1", "ti", "ti, prompts 1,024"),
            "encoder",
            "decoder",
        ),
    ),
    Lesson(
        "sami",
        "SAMI, EfficientSAM's pretraining",
        "What is trained can be the smallest part of its training.",
        {"teacher-1024": "sami", "no-teacher": "sami"},
        _sami,
        (split("sami", "component", "pass"),),
        "`genscope query training_split` has the time of each component, forward, backward and updating. Features that don't depend on "
        "random crops can be computed once; `no-teacher` is the most that this saves.",
        ("training_split", "variant_contrast"),
        fix="keep the teacher's features; `no-teacher` has them at hand.",
        figure=figure.components("A step of SAMI", "sami", "no-teacher"),
        nothing="It has the recipe; at which size its teacher sees an image, and what a step costs, was not found in it.",
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
        fix="fewer rounds of sampling (`--set rounds=5`): the law says what each one costs.",
        figure=figure.phases(
            "What adapting to a batch costs", "tea", "tea, rounds 5", "tent", "source"
        ),
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
        fix="`frozen`: phase 1 takes no gradients of what it doesn't train, and no value is read back.",
        figure=figure.dead(
            "A step of PDE+: what is read, and what is not", "pde_plus", "frozen", "erm"
        ),
    ),
    Lesson(
        "robust_rec",
        "Robust recommenders",
        "A training step can cost what the tables do, not what the batch does.",
        {"apr": "bpr", "apr-rows": "bpr", "amr": "vbpr", "sgl": "lightgcn", "tce": "tce-device"},
        _robust_rec,
        (movement(), waits),
        "`genscope query data_movement` has what is gathered by index, apart from what is copied, in any trace. Then "
        "capture two sizes of a table: if `genscope query roofline` has bytes that grow with it at the same batch, gradients are dense. "
        "Sparse ones, or an update of the batch's rows as in `apr-rows`, are the fix. "
        "`tce` sorts losses on the host, which waits for them; `tce-device` gives the same order without a wait.",
        ("data_movement", "variant_contrast"),
        fix="`apr-rows` touches the batch's rows only; sparse gradients do as much.",
        figure=figure.moved(
            "A step over two tables of a million rows",
            [f"{way}, rows 1,000,000" for way in ("bpr", "apr", "apr-rows")],
        ),
    ),
    Lesson(
        "llmcrs",
        "LLMCRS",
        "At batch 1 decoding takes most of a turn, although prompts are far longer than answers.",
        {"prefix": "turn", "rlpf": "turn"},
        _llmcrs,
        (parts("prefill", "decode"),),
        "`genscope query stage_time` splits the time where the components are labelled, `genscope query prefill_decode` the attention "
        "by its lengths. Keeping a shared prefix (`prefix`) helps, but batching turns gains far more.",
        ("stage_time", "prefill_decode"),
        fix="`--batch 16` shares each read of the weights among turns; `prefix` computes a shared prefix once.",
        figure=figure.shares(
            "Where a turn's time goes",
            ("turn", "prefix", "turn, batch 16"),
            "prefill",
            "decode",
        ),
    ),
    Lesson(
        "mos",
        "Mixture-of-Supernets",
        "Equal FLOPs can move several times the bytes.",
        {
            "neuron": "slice",
            "layer": "slice",
            "materialised": "slice",
            "sandwich": "sandwich-slice",
        },
        _mos,
        (bound,),
        "`genscope query roofline` says whether FLOPs or bytes limit a run: where it is bytes, count these. `materialised` mixes once "
        "and keeps the weights.",
        ("variant_contrast", "roofline"),
        fix="`materialised` mixes once for an architecture and keeps the weights.",
        figure=figure.categories(
            "Bytes of equal FLOPs", "neuron", "layer", "materialised", "slice"
        ),
    ),
    Lesson(
        "legonet",
        "LegoNet",
        "Activating few weights by gathering them can cost more than computing with all.",
        {"gather": "dense", "grouped": "dense", "unlearn": "retrain"},
        _legonet,
        (inside("adapters", "dense"), movement("adapters")),
        "`genscope query data_movement` has what is gathered by index, apart from what is copied. Where that is large next to the products, "
        "compute with all weights, or sort the samples by what they activate (`grouped`).",
        ("data_movement", "variant_contrast"),
        nothing="Its text could not be read, so all sizes are assumed.",
        fix="`dense` on a GPU, `grouped` on a CPU.",
        figure=figure.moved("Adapters of one batch", ("gather", "dense", "grouped"), "adapters"),
        note=_grouped,
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
        fix="features that are kept, or a teacher in lower precision; `no-teacher` is the most that this saves.",
        figure=figure.components("A step of MILAN", "milan", "no-teacher"),
    ),
    Lesson(
        "simple_hhea",
        "Simple-HHEA",
        "A small model keeps a GPU waiting for Python.",
        {"gpu-eval": "host-eval"},
        _simple_hhea,
        (split("gpu-eval", "phase"), waits),
        "`genscope query host_time` has the time of each range in which no operator ran, `genscope query host_sync` the places where the "
        "host waits, and on a trace of a GPU `genscope query idle_time` how long the GPU did nothing and why. A dry run has no time of NumPy: what `host-eval` takes on the host is not in the table.",
        ("host_time", "host_sync"),
        fix="`gpu-eval` counts what is nearer on the device, where the published code sorts in NumPy.",
        figure=figure.timed("Ranking 3,540 entities on a CPU", "simple_hhea"),
    ),
)
