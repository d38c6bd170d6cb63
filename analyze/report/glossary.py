"""The glossary of the report: every definition that changes an answer, each under its own name.

`python -m genscope.analyze.report.glossary > docs/glossary.md` writes the page; a test checks it.
"""

from __future__ import annotations

from collections.abc import Iterable

from genscope.analyze.plots.idle_time import CAUSES
from genscope.analyze.predicted import HIGH, LOW

TERMS: tuple[tuple[str, str], ...] = (
    (
        "work",
        "The unit that every metric adds up: a kernel in a trace with a GPU, an operator's self time in "
        "a trace without one, an operator's predicted time in a dry capture. Copies and fills are not "
        "work.",
    ),
    (
        "time source",
        "How a time is known: gpu (measured on a device), cpu (measured on the host) or predicted.",
    ),
    (
        "predicted time",
        "A time that was computed, not measured. An operator is the sum of the kernels that PyTorch "
        "launches. A kernel takes its launch and the slowest of four: matrix products by tiles, bytes, "
        "elements and blocks, at rates fitted to measurements. A category's time is expected within "
        f"x {LOW} to {HIGH} of the one shown, a whole request's within 20 %. Host gaps are left out: at "
        "batch 1 an eager run is slower. Predicted runs are compared with predicted runs only.",
    ),
    (
        "sum, union and span",
        "The sum of durations (work_ns, kernel_ns) counts concurrent work twice. The union (busy_ns) "
        "is the time in which anything ran. The span is the time from the first start to the last end, "
        "and idle is span minus union. Before the first start and after the last end nothing counts as "
        "idle, however long the host takes to launch the first kernel.",
    ),
    (
        "cause of idle time",
        "What happens while a GPU is idle, as seen on the thread that launches its next work: "
        + "; ".join(f"{words} ({cause}_ns)" for cause, (words, _) in CAUSES.items())
        + ". Other code is Python, or nothing was recorded.",
    ),
    (
        "attention as core, attention as module",
        "The core is QK^T, scale, mask, softmax and AV. The module adds the projections of q, k, v "
        "and the output. Answers that depend on the choice have rows for both (column "
        "attention_partition). In one Stable Diffusion 1.5 UNet call at 512 px, the core has 15.7 % "
        "of the FLOPs and the module 25.6 %.",
    ),
    (
        "category",
        "What a kernel or operator is: attention, linear, convolution, group_norm, normalization, "
        "softmax, elementwise, quantization (casts to and from 8 and 4 bits), embedding, resampling, "
        "reduction, copy, communication or other, and unclassified if no rule matches. The operator that "
        "launched a kernel decides first, then the kernel's name. Operators that only wrap others, such "
        "as views and custom autograd functions, decide nothing about what they launch. A norm or an "
        "activation that also quantizes stays a norm or an activation.",
    ),
    (
        "attention kind",
        "self (an image or text attends to itself), cross (an image attends to text), self+text (an "
        "image attends to itself and to text), joint (image and text in one sequence), spatial (within "
        "a frame), temporal (one position across frames), causal (each token attends to earlier ones).",
    ),
    (
        "kind source",
        "How the kind is known: label (written by the capture), module (from the module's name), shape "
        "(from lengths and heads), name (only from the kernel's name), none.",
    ),
    (
        "sequence length",
        "The positions of one attention call: query_len positions attend to kv_len positions. Frames "
        "or pixels in the batch dimension don't count.",
    ),
    (
        "max/min and adjacent ratio",
        "Two measures of how much sequence length varies. max/min is the longest query of a series over "
        "the shortest; the adjacent ratio is the largest ratio of two successive calls. Stable Diffusion "
        "1.5 at 512 px has 64 and 4.",
    ),
    (
        "period",
        "The smallest number of calls after which the lengths of a series repeat, if they do so at "
        "least twice: 16 for the self-attention of a Stable Diffusion 1.5 step.",
    ),
    (
        "score matrix",
        "QK^T: batch * heads * query_len * kv_len elements. An unfused call writes it to memory, a "
        "fused one never does. For a square image it grows with the fourth power of the image side.",
    ),
    (
        "FLOPs",
        "Floating-point operations, computed from recorded shapes, two for each multiply-add: "
        "convolution 2 k^2 Cin Cout Ho Wo, linear 2 tokens in out, attention core 4 batch query_len "
        "kv_len heads head_dim.",
    ),
    (
        "arithmetic intensity, three definitions",
        "weight_intensity: FLOPs of a request over the bytes of all weights, read once. "
        "operator_intensity: FLOPs over the bytes that each operator reads from and writes to memory. "
        "dram_intensity: FLOPs over the bytes that Nsight Compute counted. For one Stable Diffusion run "
        "they differ by two orders of magnitude, so never compare one with another.",
    ),
    (
        "ridge",
        "Peak FLOP/s over peak bytes/s of a device. Work with a lower intensity is memory-bound, work "
        "with a higher intensity is compute-bound.",
    ),
    (
        "end-to-end speedup",
        "The time of all work of the baseline over that of the optimized run. In scope 'request' both "
        "are first scaled from the profiled steps to a whole request.",
    ),
    (
        "attention speedup",
        "The attention time of the baseline over that of the optimized run, as core or as module. It is "
        "not the end-to-end speedup.",
    ),
    (
        "Amdahl's law",
        "If attention takes a share f of the baseline and becomes s times as fast, the whole becomes "
        "1 / ((1 - f) + f/s) times as fast. The ceiling, with attention at no cost, is 1 / (1 - f).",
    ),
    (
        "interval of a speedup",
        "m measurements of the baseline and n of the optimized run give m * n ratios. Their median is "
        "the speedup; the k-th smallest and the k-th largest bound the interval, and the rank-sum test "
        "gives the k for 95 % confidence. With few measurements k is 1 and the confidence is another "
        "(column confidence_frac): 90 % for 3 and 3, 97.1 % for 4 and 4. Predicted times have no "
        "interval.",
    ),
    (
        "drift",
        "The change of everything except attention between the two runs of a pair. If it is far from 0, "
        "the runs differ in more than attention.",
    ),
    (
        "pair",
        "Two runs whose settings are equal except for attention or, without manifests, two traces with "
        "the same operators, shapes and counts. A pair with different settings is refused, and the "
        "settings are named. Two ranks of a job are no pair.",
    ),
    (
        "whole request",
        "A capture profiles a few steady-state steps. The manifest says how often each component runs in "
        "a whole request (component_scale), and its time is scaled to that.",
    ),
    (
        "prefill and decode",
        "A call is decode-like if it has one query row (query_len 1) or at least eight times as many "
        "keys as query rows, else prefill-like. The paper compares diffusion to prefill and transformer "
        "image models to decode. By this rule, models that decode all tokens in parallel are "
        "prefill-like; their rows carry a caveat.",
    ),
    (
        "crossover",
        "The size at which two growing costs are equal. Spatial attention grows with the number of "
        "frames F, temporal attention with F^2; their cores cost the same at F = H * W.",
    ),
    (
        "hit rate",
        "The share of cache accesses that hit. l1_hit_frac and l2_hit_frac are weighted by sectors, "
        "l1_hit_time_frac and l2_hit_time_frac by the kernels' time on the timeline. Neither is a mean "
        "of percentages.",
    ),
    (
        "saving",
        "What the fix of an opportunity would save: the time that it takes now, less what stays. It is "
        "never more than the fix's own time or the run. A saving of certainty at_most is a bound, "
        "because the trace doesn't say what stays. Savings don't add up: a fix changes what others "
        "would save, most of all those that the row names as sharing its time.",
    ),
    (
        "unattributed, unclassified",
        "Unattributed work belongs to no recorded component or call; unclassified work matches no rule. "
        "Both are rows of every answer, with their shares, so the ledger adds up to the nanosecond.",
    ),
)

# the term that defines a column
COLUMN_TERMS: dict[str, str] = {
    "predicted": "predicted time",
    "time_source": "time source",
    "busy_ns": "sum, union and span",
    "gpu_span_ns": "sum, union and span",
    "host_other_ns": "cause of idle time",
    "scope": "whole request",
    "request_ns": "whole request",
    "attention_partition": "attention as core, attention as module",
    "core_ns": "attention as core, attention as module",
    "category": "category",
    "attention_kind": "attention kind",
    "source": "kind source",
    "query_len": "sequence length",
    "query_len_min": "sequence length",
    "max_min_ratio": "max/min and adjacent ratio",
    "period_calls": "period",
    "score_bytes": "score matrix",
    "flops": "FLOPs",
    "spatial_flops": "FLOPs",
    "operator_intensity": "arithmetic intensity, three definitions",
    "ridge_intensity": "ridge",
    "speedup": "end-to-end speedup",
    "speedup_low": "interval of a speedup",
    "attention_speedup": "attention speedup",
    "predicted_speedup": "Amdahl's law",
    "other_drift_frac": "drift",
    "baseline_trace_id": "pair",
    "saving_ns": "saving",
    "phase": "prefill and decode",
    "crossover_frames": "crossover",
    "crossover_size": "crossover",
    "l1_hit_frac": "hit rate",
    "component": "unattributed, unclassified",
}


def terms_of(columns: Iterable[str]) -> list[str]:
    """The terms that define a result's columns, each once, in the order of the columns."""
    return list(dict.fromkeys(COLUMN_TERMS[name] for name in columns if name in COLUMN_TERMS))


def anchor(term: str) -> str:
    """The HTML id of a term."""
    return "term-" + "".join(c if c.isalnum() else "-" for c in term.lower()).strip("-")


def markdown() -> str:
    """The whole glossary as a Markdown page."""
    entries = "\n\n".join(f"**{term}**\n: {text}" for term, text in TERMS)
    return f"# Glossary\n\nGenerated by `python -m genscope.analyze.report.glossary`; the report ends with the same list.\n\n{entries}\n"


if __name__ == "__main__":
    print(markdown(), end="")
