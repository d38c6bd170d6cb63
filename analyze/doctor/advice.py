"""What to change in a capture so that a trap is gone next time, and what each metric needs.

Data, kept apart from the doctor's logic: one line a trap, one line a metric, one line a need.
"""

_WARM = (
    "start the window after a warm-up step and synchronise before it, as schedule(warmup=1) does"
)
_REWRITE = "update PyTorch, or name files and record_function ranges without odd characters"
_EXPORT = "export the report again: nsys export --type sqlite"
_ALONE = "write one file a rank: put the rank into the file's name"
_WHOLE = "let the process end, or call profiler.stop() before it is killed, and copy whole files"

# trap -> what to change in the capture
ADVICE: dict[str, str] = {
    "invalid_utf8": _REWRITE,
    "control_character": _REWRITE,
    "bad_escape": _REWRITE,
    "unescaped_quote": _REWRITE,
    "lone_surrogate": _REWRITE,
    "duplicate_key": _REWRITE,
    "not_a_number": "nothing: the profiler divides by a duration of 0; update PyTorch",
    "wrong_type": "use the profiler's own export_chrome_trace, not a copy edited by a script",
    "integer_out_of_range": "update PyTorch",
    "no_timestamp": "use the profiler's own export_chrome_trace, not a copy edited by a script",
    "not_an_event": "use the profiler's own export_chrome_trace, not a copy edited by a script",
    "unreadable_event": _WHOLE,
    "cut_event": _WHOLE,
    "truncated": _WHOLE,
    "mixed_writers": _ALONE,
    "broken_tail": _WHOLE,
    "broken_header": _REWRITE,
    "environment_in_header": "leave the environment out of add_metadata_json; "
    "genscope doctor --repair writes a copy without it",
    "same_stream_overlap": "nothing: read busy time (union), not the sum of kernels",
    "overrunning_kernel": "update ROCm and roctracer, or time the kernel alone",
    "zero_duration_kernel": "record with PyTorch 2.4 or newer, which writes nanoseconds",
    "whole_microseconds": "record with PyTorch 2.4 or newer, which writes nanoseconds",
    "unlinked_kernel": _WARM,
    "duplicate_device_event": "export once per window, after the profiler has stopped",
    "graph_launch": "record the graph's capture as well, or run one step without CUDA graphs",
    "uneven_graph_replay": "profile fewer steps: the profiler's buffer overflows",
    "partial_overlap": "record without with_stack, or update PyTorch",
    "no_kernel": "add ProfilerActivity.CUDA (nsys: --trace=cuda,nvtx), and check that no other CUPTI "
    "user is running",
    "no_operator": "add ProfilerActivity.CPU",
    "no_shape": "record with record_shapes=True (nsys: under emit_nvtx(record_shapes=True))",
    "shared_correlation": _ALONE,
    "merged_process": _ALONE,
    "compiled_region": "label components and steps with record_function outside compiled code",
    "negative_duration": "update PyTorch",
    "outlier_time": "update PyTorch; leave out marks of other clocks",
    "outlier_work": "update PyTorch and the driver, and record again",
    "untimed_work": "update PyTorch or nsys and the driver, and stop the recording before the "
    "program ends: the profiler asked for these times too early or too late",
    "zero_time": "update PyTorch and the driver, and record again",
    "unread_device_work": "nothing: such a device is not supported; read the host's operators alone",
    "profiler_overhead": "record without stacks and memory, and profile fewer steps",
    "unknown_category": "nothing: tell us the category",
    "category_without_table": "nothing: these are neither kernels nor copies",
    "device_events_of_others": "record on a GPU, or read the host's operators alone",
    "argument_without_column": "nothing: load with --args if you look for one of them",
    "left_out_python": "nothing: load with --python, or record without with_stack",
    "metadata_heavy": "nothing: thread names make most of the file",
    "negative_correlation": "update ROCm; External id links such kernels instead",
    "odd_label": "write labels as genscope capture does: component:NAME, step:NUMBER, module:PATH, "
    "attention:kind=KIND,site=PATH",
    "odd_manifest_value": "correct the manifest, or run genscope capture again",
    "one_rank_of_many": "load the other ranks' files too",
    # Nsight Systems and Nsight Compute
    "graph_kernels_not_recorded": "record with nsys profile --cuda-graph-trace=node",
    "no_start": _EXPORT,
    "no_end": "let the program end, or stop the recording before it is killed",
    "unclosed_range": "close every NVTX range before the recording stops",
    "negative_time": "nothing: such events began before the session",
    "call_recorded_twice": "record without backtraces of CUDA calls (--cudabacktrace=none)",
    "cross_thread_range": "use push/pop ranges for what is to own kernels",
    "overlapping_range": "use push/pop ranges of one domain for what is to own kernels",
    "unknown_name": _EXPORT,
    "duplicate_id": _EXPORT,
    "shared_device_number": "export with a newer nsys: later ones map devices of processes",
    "profiler_warning": "read the warning; update the tool or the driver, or measure again",
    "mixed_type": _EXPORT,
    "newer_schema": "update genscope",
    "no_export_metadata": "export the report again with a version of nsys from 2022 or later",
    "cut_row": "write the CSV again, to its end",
}

# what is missing -> the reason a metric is refused for
REASONS: dict[str, str] = {
    "kernel": "no kernels were recorded",
    "work": "neither kernels nor operators were recorded",
    "operator": "no operators were recorded",
    "shape": "no shapes were recorded",
    "complete": "the trace is cut short, so idle and span mean nothing",
    "one_clock": "several ranks in one file: their clocks are not aligned, so busy, idle and span "
    "mean nothing",
    "timed": "kernels or copies have no time, or one that can't be true, so idle and span mean nothing",
    "component": "no component, module or nn.Module range was recorded",
    "step": "no step was recorded",
    "counter": "no Nsight Compute counters",
    "memory": "no allocator events (profile_memory=True)",
    "pair": "needs a second run to compare with",
    "copy": "no copies were recorded",
    "call": "no runtime or driver calls were recorded",
    "range": "no annotated range was recorded",
    "push_pop": "no NVTX push/pop range was recorded; nvtx_range has the others, if there are any",
}

# what a metric may need -> the relations it is in, any of them, and which of their rows
FOUND_IN: dict[str, tuple[tuple[str, str], ...]] = {
    "kernel": (("kernel", "true"),),
    "work": (("kernel", "true"), ("cpu_op", "true")),
    "copy": (("gpu_copy", "true"),),
    "call": (("runtime_call", "true"),),
    "operator": (("cpu_op", "true"),),
    "shape": (("cpu_op", "input_dims IS NOT NULL"),),
    "component": (("annotation", "kind IN ('component', 'module', 'python_module')"),),
    "step": (("annotation", "kind IN ('step', 'profiler_step')"),),
    "range": (("annotation", "kind <> 'gpu_user'"),),
    "push_pop": (("annotation", "args ->> '$.nvtx.style' = 'push_pop'"),),
    "counter": (("kernel_metric", "true"),),
    "memory": (("memory_event", "true"),),
    "complete": (("trace", "complete"),),
    # the metric's own verdict
    "one_clock": (("gpu_time", "gpu_busy_ns IS NOT NULL"),),
    "timed": (("gpu_time", "gpu_span_ns IS NOT NULL"),),
}

# metric -> what it needs of a trace; a metric that isn't here needs nothing but work
NEEDS: dict[str, tuple[str, ...]] = {
    "attention_memory": ("operator", "shape"),
    "attention_memory_scaling": ("operator", "shape", "pair"),
    "attention_split": ("operator",),
    "bottleneck_shift": ("operator", "pair"),
    "cache_hit": ("counter",),
    "family_contrast": ("pair",),
    "flash_contrast": ("pair",),
    "flash_speedup": ("pair",),
    "flash_speedup_interval": ("pair",),
    "forward_flops": ("operator", "shape"),
    "frame_scaling": ("operator", "shape", "pair"),
    "gpu_time": ("kernel", "complete", "one_clock", "timed"),
    "image_size_scaling": ("operator", "shape", "pair"),
    "kernel_summary": ("work",),
    "operator_breakdown": ("operator",),
    "operator_shift": ("operator", "pair"),
    "prefill_decode": ("operator", "shape"),
    "roofline": ("operator", "shape"),
    "sequence_length_distribution": ("operator", "shape"),
    "sequence_length_profile": ("operator", "shape"),
    "stage_time": ("component",),
    "step_time": ("step",),
    "temporal_spatial": ("operator", "shape"),
    "trace_comparison": ("pair",),
    # tables of nsys stats
    "cuda_api_sum": ("call",),
    "cuda_gpu_kern_sum": ("kernel",),
    "cuda_gpu_mem_time_sum": ("copy",),
    "nvtx_gpu_proj_sum": ("kernel", "range"),
    "nvtx_pushpop_sum": ("push_pop",),
    "nvtx_range": ("range",),
}
