"""The words of the header section `Needs`: what a query needs from a trace, and why it is empty without.

A query names its needs in its own header, so that a new query is one file.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """The reason to give if a need isn't met, and where to look for it.

    `found_in` are relations with a condition on their rows; a row in any of them meets the need. A
    need without relations, such as a second run, can't be checked in one trace.
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
        "the clocks of the file's ranks are not aligned, so busy, idle and span mean nothing",
        (("gpu_time", "gpu_busy_ns IS NOT NULL"),),
    ),
    "timed": Need(
        "kernels or copies are missing, or have no time or an impossible one, so idle and span mean "
        "nothing",
        (("gpu_time", "gpu_idle_ns IS NOT NULL"),),
    ),
    "path": Need(
        "several threads launch work, or events or their times are missing, so no critical path is known",
        (("path_refusal", "refusal IS NULL"),),
    ),
    "component": Need(
        "no component, module or nn.Module range surrounds any work, so all of it is 'unattributed'",
        (("work_component", "component <> 'unattributed'"),),
    ),
    "step": Need(
        "no step was recorded, or none surrounds any work",
        (("work_step", "step IS NOT NULL"),),
    ),
    "counter": Need(
        "no cache hit rates were recorded (Nsight Compute counts them)",
        (("kernel_metric", "ends_with(metric, 't_sector_hit_rate.pct')"),),
    ),
    "gpu_counter": Need(
        "no counters of a GPU were sampled in the run",
        (("gpu_counter", "true"),),
    ),
    "backward": Need(
        "no backward pass was recorded",
        (("cpu_op", "forward_thread_id > 0"),),
    ),
    "expected": Need(
        "the manifest expects no numbers (record(..., expect={...}) writes them)",
        (("trace", "json_array_length(manifest -> 'expected') > 0"),),
    ),
    "data_flow": Need(
        "no dry run of a step with dead work was recorded; only a dry run follows the data",
        (("trace", "json_array_length(manifest -> 'dead_work') > 0"),),
    ),
    "device_wait": Need(
        "no waits for a device were recorded, and a trace of a CPU has none",
        (("runtime_call", "true"), ("trace", "predicted")),
    ),
    "host_clock": Need(
        "the host's times were not recorded: a dry run predicts kernels only",
        (("trace", "NOT predicted"),),
    ),
    "memory": Need(
        "no allocator events were recorded (profile_memory=True records them, and so does a memory "
        "snapshot with its history)",
        (("memory_event", "true"),),
    ),
    "snapshot": Need(
        "no memory snapshot was loaded (torch.cuda.memory._dump_snapshot writes one)",
        (("memory_segment", "true"),),
    ),
    "power": Need(
        "no log of power for this time was loaded (genscope load power LOG)",
        (("power_span", "true"),),
    ),
    "pair": Need(
        "there is no second run to compare with",
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
        "no NVTX push/pop range was recorded; the query nvtx_range shows other ranges",
        (("annotation", "args ->> '$.nvtx.style' = 'push_pop'"),),
    ),
    "serving": Need(
        "no label of a serving engine was recorded: 'execute_..._context_...' (vLLM) or "
        "'step[DECODE ...]', 'step[EXTEND ...]' (SGLang)",
        (
            (
                "annotation",
                "kind = 'user' AND (name LIKE 'execute%context%' OR name LIKE 'step[%')",
            ),
        ),
    ),
}
