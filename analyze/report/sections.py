"""The report's sections: metrics in groups, each with the sentence that says what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genscope.analyze.sql_file import SqlFile

# the parameters of a comparison
SIDES = {"first", "second"}
GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "What to change": (
        (
            "opportunity",
            "What limits each run, and what each fix would save: of each run, the largest expected saving first. On a GPU, a run begins with its first event.",
        ),
        ("performance_check", "Six questions to ask before making kernels faster."),
    ),
    "Where the time goes": (
        ("stage_time", "Which component of the pipeline takes the time of a whole request."),
        (
            "operator_breakdown",
            "Which categories take the time, also as a share of the baseline's where a run has one.",
        ),
        ("kernel_summary", "The kernels, or operators if there are none, that take the most time."),
        (
            "training_split",
            "Training steps: forward, backward, recomputed and updating, by component.",
        ),
        ("data_movement", "How much is spent on gathering rows by index, and on plain copies."),
        ("step_time", "Whether all steps take the same time, or grow with a cache."),
    ),
    "What limits the run": (
        (
            "gpu_time",
            "How much of the time from its first event to its last the GPU computes, copies or is idle. "
            "What the host does before the first one, such as loading kernels, is not in it.",
        ),
        (
            "idle_time",
            "Why the GPU is idle between its first event and its last: what the host did before it launched the next work.",
        ),
        ("step_breakdown", "What each step is spent on, and what limits it."),
        (
            "critical_path_sum",
            "What the length of the trace consists of: only what is on the path is worth making faster.",
        ),
        ("host_sync", "Where a step makes the host wait, by phase and component."),
        ("host_time", "How much of each range ran no operator, but Python, NumPy or files."),
        (
            "host_wait_sum",
            "How long the host waits for the GPU, and whether the GPU works meanwhile.",
        ),
        (
            "host_wait_place",
            "Which calls, operators and Python lines make the host wait. Calls that ask (poll) or free memory (free) may not "
            "wait: host_wait_sum does not count them as waits.",
        ),
        ("gpu_overlap", "How much communication and copying is hidden behind computing."),
        ("launch_statistics", "How long launches take, and how long their work waits to start."),
        ("launch_queue", "How many launches wait in each stream: an empty queue starves the GPU."),
        ("short_kernel", "How many kernels are so short that launching them takes as long."),
        (
            "graph_operator",
            "Which operators and modules take the time inside replayed CUDA graphs, by their capture.",
        ),
        (
            "graph_replay",
            "How well each replay of a CUDA graph matches a capture, and why not.",
        ),
        ("communication_time", "How long collectives take, by kind and size."),
        ("rank_skew", "How long each rank of a distributed job waits for the others."),
        ("energy", "How many joules the recording, a step, a request and an image take."),
        ("rank_outlier", "Which of many ranks or runs differ from the rest, and in what."),
        ("host_outlier", "Which hosts are slow: all of their ranks take longer than the others."),
        ("run_trend", "Which runs of a model are slower than those recorded before."),
        (
            "serving_iteration",
            "What each iteration of a serving engine holds, and how long it takes.",
        ),
    ),
    "Achieved and attainable": (
        (
            "roofline",
            "Whether a run is compute-bound or memory-bound, by three kinds of intensity; of a predicted run, as predicted.",
        ),
        (
            "expected_time",
            "How long each operator should have taken by its shapes, the time lost, and which take longer or shorter than the expected range.",
        ),
        (
            "operator_roofline",
            "Which matrix products lose most time against the device's peaks, by operator and shape.",
        ),
        ("mfu", "How much of the device's peak each component and the whole run use."),
        (
            "tensor_core_use",
            "How much of the time of matrix kernels uses tensor cores. Here the kernel's name decides its category, in "
            "operator_breakdown its operator comes first: times of one category can differ.",
        ),
        (
            "gpu_counter_use",
            "How busy SMs, memory and tensor cores were, where counters were sampled in the run.",
        ),
        ("cache_hit", "Cache hit rates by category and attention kind."),
    ),
    "Attention backends": (
        (
            "flash_speedup",
            "How much faster a run is with another attention backend, measured and by Amdahl's law.",
        ),
        (
            "flash_speedup_interval",
            "How certain a speedup is, if runs or passes were measured several times.",
        ),
        ("operator_shift", "Which categories got faster or slower when attention was replaced."),
        ("bottleneck_shift", "The largest category before and after attention was replaced."),
        (
            "flash_contrast",
            "Whether diffusion models gain more from fused attention than other families.",
        ),
        ("family_contrast", "How the categories' shares differ between families of models."),
    ),
    "Attention": (
        (
            "attention_split",
            "How attention time divides into self, cross, spatial and other kinds.",
        ),
        (
            "sequence_length_profile",
            "How sequence length changes from one attention call to the next.",
        ),
        (
            "sequence_length_distribution",
            "How many attention calls, and how much of their time, each sequence length has.",
        ),
        (
            "temporal_spatial",
            "Whether attention across frames and within frames differ in time as they do in FLOPs.",
        ),
        (
            "prefill_decode",
            "Which runs attend with many query rows per call, which gain from fused attention, or few.",
        ),
    ),
    "Memory": (
        ("memory_peak", "How much memory was allocated at most, and how much of it is explained."),
        (
            "memory_at_peak",
            "Which operators, or lines of Python, had allocated the memory at the peak.",
        ),
        (
            "memory_state",
            "How much of the memory that the allocator holds is in use, and where it ran short.",
        ),
        (
            "attention_memory",
            "The size of the score matrix that unfused attention writes to memory.",
        ),
        (
            "attention_memory_scaling",
            "How score matrices grow: with the fourth power of the image side.",
        ),
    ),
    "Models and scaling": (
        (
            "image_size_scaling",
            "How attention and convolution time grow with the image, and where they are equal.",
        ),
        (
            "frame_scaling",
            "Spatial attention grows in proportion to the number of frames, temporal with its square.",
        ),
        ("forward_flops", "Where in the network the FLOPs are, in the order of the forward pass."),
        ("taxonomy", "How many parameters each component of a model has."),
        ("variant_contrast", "A model's variants against each other."),
        ("dead_work", "What a dry run computes and nothing reads."),
        ("pareto", "The quality of published models against their size."),
        ("fleet", "How many devices and how much memory each class of models uses in a fleet."),
    ),
    "What the numbers rest on": (
        ("ledger", "How much of the work is attributed and classified: all shares depend on it."),
        ("expectation", "What manifests expect of their traces, and what those hold."),
        ("trace_summary", "What was read from each file."),
    ),
}
COMPARISON = {
    "trace_comparison": "How much longer the second trace takes than the first, by category."
}
OWN = "Your queries"
SECTIONS = tuple(section for group in GROUPS.values() for section in group)


def sections_of(relations: Iterable[SqlFile], trace_count: int) -> dict[str, str]:
    """The metrics of a report with a sentence each: ours, in order, then the user's own.

    A comparison is one of them if there are exactly two traces.
    """
    known = {
        relation.name: relation
        for relation in relations
        if trace_count == 2 or not relation.params.keys() >= SIDES
    }
    ordered = COMPARISON | dict(SECTIONS)
    ours = {name: sentence for name, sentence in ordered.items() if name in known}
    own = {
        relation.name: relation.sentence
        for relation in known.values()
        if relation.layer == "metric" and relation.name not in ours and not relation.params
    }
    return ours | own


def group_of(metric: str) -> str:
    """The group of a metric's section."""
    if metric in COMPARISON:
        return "Comparison"
    return next((title for title, group in GROUPS.items() if metric in dict(group)), OWN)
