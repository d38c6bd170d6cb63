"""The words of the report: definitions that change an answer are all given, each under its own name.

`python -m genscope.analyze.report.glossary > docs/glossary.md` writes the page; a test keeps it fresh.
"""

from __future__ import annotations

from collections.abc import Iterable

TERMS: tuple[tuple[str, str], ...] = (
    (
        "work",
        "One unit of device work: a kernel in a trace with a GPU, an operator's own time in a trace "
        "without one, an operator's predicted time in a dry capture. Every metric adds these up; "
        "copies and fills are not work.",
    ),
    (
        "time source",
        "Where a time is from: gpu (measured on a device), cpu (measured on the host) or predicted.",
    ),
    (
        "predicted time",
        "A time that was computed, not measured: the larger of an operator's FLOPs over 70 % of the "
        "device's peak and its bytes over 85 % of the memory's peak rate, as good kernels reach. "
        "Predicted runs compare with predicted runs only.",
    ),
    (
        "sum, union and span",
        "The sum of durations (work_ns, kernel_ns) counts concurrent work twice; the union "
        "(busy_ns) is the time in which any of it ran; the span is first start to last end. "
        "Idle is span minus union.",
    ),
    (
        "attention as core, attention as module",
        "The core is QK^T, scale, mask, softmax and AV. The module adds the projections of q, k, v "
        "and the output. Both partitions are in every answer that they change (column "
        "attention_partition). In one Stable Diffusion 1.5 UNet call at 512 px the core is 15.7 % "
        "of the FLOPs, the module 25.6 %.",
    ),
    (
        "class of operator",
        "attention, linear, convolution, group_norm, normalization, softmax, elementwise, embedding, "
        "resampling, reduction, copy, communication, other; unclassified where no rule fits. The "
        "operator that asked for a kernel decides first, the kernel's name second.",
    ),
    (
        "attention kind",
        "self (an image or text attends to itself), cross (an image attends to text), self+text (text "
        "keys beside the image's own), joint (image and text in one sequence), spatial (within a "
        "frame), temporal (one position over frames), causal (each token attends to earlier ones).",
    ),
    (
        "kind source",
        "Where the kind is known from: label (the capture wrote it), module (the module's name), shape "
        "(lengths and heads), name (the kernel's name alone), none.",
    ),
    (
        "sequence length",
        "The positions of one attention call: query_len asks, kv_len is attended over. Frames or "
        "pixels that lie in the batch don't count.",
    ),
    (
        "max/min and adjacent ratio",
        "Two readings of 'the sequence length varies by'. max/min is the longest over the shortest "
        "query of a series; the adjacent ratio is the largest between two successive calls. Stable "
        "Diffusion 1.5 at 512 px has 64 and 4.",
    ),
    (
        "period",
        "The smallest number of calls after which the lengths of a series repeat, seen at least twice: "
        "16 for the self-attention of a Stable Diffusion 1.5 step.",
    ),
    (
        "score matrix",
        "QK^T: batch * heads * query_len * kv_len elements. An unfused call writes it to memory, a "
        "fused one never does. With a square image it grows with the fourth power of the side.",
    ),
    (
        "FLOPs",
        "Two for each multiply-add: convolution 2 k^2 Cin Cout Ho Wo, linear 2 tokens in out, "
        "attention core 4 batch query_len kv_len heads head_dim. Counted from recorded shapes.",
    ),
    (
        "arithmetic intensity, three definitions",
        "weight_intensity: FLOPs of a request over the bytes of all weights, read once. "
        "operator_intensity: FLOPs over the bytes that the operators read and write, each from memory "
        "to memory. dram_intensity: FLOPs over the bytes that Nsight Compute counted. For one "
        "Stable Diffusion run they lie two orders of magnitude apart: never compare across them.",
    ),
    (
        "ridge",
        "Peak FLOP/s over peak bytes/s of a device: work of less intensity is bound by memory, work of "
        "more by compute.",
    ),
    (
        "end-to-end speedup",
        "All work of the baseline over all work of the optimized run; in scope 'request' both are "
        "scaled from the profiled steps to a whole request first.",
    ),
    (
        "attention speedup",
        "Attention's time in the baseline over its time in the optimized run, as core or as module. It "
        "is not the end-to-end speedup.",
    ),
    (
        "Amdahl's law",
        "With attention a share f of the baseline and s times as fast, the whole is 1 / ((1 - f) + f/s) "
        "times as fast; the ceiling, attention for nothing, is 1 / (1 - f).",
    ),
    (
        "interval of a speedup",
        "From m measurements of the baseline and n of the optimized run, all m * n ratios are sorted: "
        "their median is the speedup, and the k-th from either end bound it, k by the rank-sum test so "
        "that 95 % or more lie within. With few repeats k is 1 and the column confidence_frac says what "
        "that is worth: 90 % for 3 and 3, 97.1 % for 4 and 4. Predicted times have no interval.",
    ),
    (
        "drift",
        "Change of everything that is not attention between the two runs of a pair. Away from 0, the "
        "comparison is not about attention alone.",
    ),
    (
        "pair",
        "Two runs whose settings are equal but for attention. Without manifests: traces with the same "
        "operators on the same shapes in the same number. A pair whose settings differ is refused, "
        "and the settings are named.",
    ),
    (
        "whole request",
        "A capture profiles a few steady steps. component_scale says how often each component runs in "
        "a whole request, from the manifest, and scales its time.",
    ),
    (
        "prefill and decode",
        "A call is decode-like where one row asks (query_len 1) or the keys are at least eight times as "
        "many, else prefill-like. The paper likens diffusion to prefill and transformer image "
        "models to decode; models that decode all tokens in parallel are prefill-like by the rule, and "
        "a caveat stands beside them.",
    ),
    (
        "crossover",
        "Where two growing costs are equal. Spatial attention grows with the frames F, temporal with "
        "F^2; their cores cost the same where F = H * W.",
    ),
    (
        "hit rate",
        "Share of cache sectors found: l1_hit_frac and l2_hit_frac weighted by sectors, l1_hit_time_frac and "
        "l2_hit_time_frac by the kernels' time on the timeline; neither is a mean of percentages.",
    ),
    (
        "unattributed, unclassified",
        "Work of which the trace does not say where it belongs, or which no rule knows. It is a row of "
        "every answer, with its share; the ledger adds up to the whole, to the nanosecond.",
    ),
)

# a column whose meaning is a definition, and the term that gives it
COLUMN_TERMS: dict[str, str] = {
    "predicted": "predicted time",
    "time_source": "time source",
    "busy_ns": "sum, union and span",
    "gpu_span_ns": "sum, union and span",
    "scope": "whole request",
    "request_ns": "whole request",
    "attention_partition": "attention as core, attention as module",
    "core_ns": "attention as core, attention as module",
    "category": "class of operator",
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
    "phase": "prefill and decode",
    "crossover_frames": "crossover",
    "crossover_size": "crossover",
    "l1_hit_frac": "hit rate",
    "component": "unattributed, unclassified",
}


def terms_of(columns: Iterable[str]) -> list[str]:
    """The terms that explain a result's columns, each once, in the columns' order."""
    return list(dict.fromkeys(COLUMN_TERMS[name] for name in columns if name in COLUMN_TERMS))


def anchor(term: str) -> str:
    """The id of a term in a page."""
    return "term-" + "".join(c if c.isalnum() else "-" for c in term.lower()).strip("-")


def markdown() -> str:
    """The whole glossary as a Markdown page."""
    entries = "\n\n".join(f"**{term}**\n: {text}" for term, text in TERMS)
    return f"# Glossary\n\nGenerated by `python -m genscope.analyze.report.glossary`; the report carries the same list.\n\n{entries}\n"


if __name__ == "__main__":
    print(markdown(), end="")
