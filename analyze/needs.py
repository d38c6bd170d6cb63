"""What a query can need of a trace: the words of the header section `Needs`, and why it has no rows without.

A query names its own needs in its header, so that a new one is one file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """The reason that is given where it is missing, and where it is found.

    `found_in` are relations, any of which will do, each with a condition on its rows; a need without
    any, such as a second run, can't be seen in one trace.
    """

    reason: str
    found_in: tuple[tuple[str, str], ...] = ()


NEEDS: dict[str, Need] = {
    "kernel": Need(
        "no kernels were recorded",
        (("kernel", "true"),),
    ),
    "work": Need(
        "neither kernels nor operators were recorded",
        (("kernel", "true"), ("cpu_op", "true")),
    ),
    "operator": Need(
        "no operators were recorded",
        (("cpu_op", "true"),),
    ),
    "shape": Need(
        "no shapes were recorded",
        (("cpu_op", "input_dims IS NOT NULL"),),
    ),
    "complete": Need(
        "the trace is cut short, so idle and span mean nothing",
        (("trace", "complete"),),
    ),
    "one_clock": Need(
        "several ranks in one file: their clocks are not aligned, so busy, idle and span mean nothing",
        (("gpu_time", "gpu_busy_ns IS NOT NULL"),),
    ),
    "timed": Need(
        "kernels or copies have no time, or one that can't be true, so idle and span mean nothing",
        (("gpu_time", "gpu_span_ns IS NOT NULL"),),
    ),
    "component": Need(
        "no component, module or nn.Module range was recorded",
        (("annotation", "kind IN ('component', 'module', 'python_module')"),),
    ),
    "step": Need(
        "no step was recorded",
        (("annotation", "kind IN ('step', 'profiler_step')"),),
    ),
    "counter": Need(
        "no Nsight Compute counters",
        (("kernel_metric", "true"),),
    ),
    "memory": Need(
        "no allocator events (profile_memory=True)",
        (("memory_event", "true"),),
    ),
    "pair": Need(
        "needs a second run to compare with",
        (),
    ),
    "copy": Need(
        "no copies were recorded",
        (("gpu_copy", "true"),),
    ),
    "call": Need(
        "no runtime or driver calls were recorded",
        (("runtime_call", "true"),),
    ),
    "range": Need(
        "no annotated range was recorded",
        (("annotation", "kind <> 'gpu_user'"),),
    ),
    "push_pop": Need(
        "no NVTX push/pop range was recorded; nvtx_range has the others, if there are any",
        (("annotation", "args ->> '$.nvtx.style' = 'push_pop'"),),
    ),
}
