"""Traces with one problem each, and the same runs with the problem fixed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]
SYNC, COPY, LAUNCH = "cudaStreamSynchronize", "cudaMemcpyAsync", "cudaLaunchKernel"
# iterations of each loop
COUNT = 30


def _event(category: str, name: str, start: float, end: float, **args: Any) -> Event:
    on_device = category in {"kernel", "gpu_memcpy"}
    place = {"pid": 0, "tid": args.get("stream", 7)} if on_device else {"pid": 1, "tid": 1}
    args |= {"device": 0, "stream": args.get("stream", 7)} if on_device else {}
    return (
        {"ph": "X", "cat": category, "name": name, "ts": start, "dur": end - start}
        | place
        | {"args": args}
    )


def _kernel(number: int, launch: float, start: float, end: float, **more: Any) -> list[Event]:
    """A kernel of 'gemm' whose call takes 10 us, within an operator that begins 20 us before it."""
    return [
        _event("cpu_op", "aten::relu", launch - 20, launch + 10, **{"External id": number}),
        _event("cuda_runtime", LAUNCH, launch, launch + 10, correlation=number),
        _event("kernel", "gemm", start, end, correlation=number, **more),
    ]  # fmt: skip


def _waiting() -> list[Event]:
    """A kernel of 100 us, a wait for it, and 30 us of host until the next one."""
    return [
        event
        for n in range(COUNT)
        for start in [1000 + 133 * n]
        for event in (
            *_kernel(n + 1, start - 11, start, start + 100),
            _event("cuda_runtime", SYNC, start, start + 102, correlation=1000 + n),
        )
    ]


def _running_ahead() -> list[Event]:
    """The same without the wait: the host is ahead, and kernels follow each other by 1 us."""
    return [
        event
        for n in range(COUNT)
        for event in _kernel(n + 1, 900 + 30 * n, 1000 + 101 * n, 1100 + 101 * n)
    ]


def _copying(*, pinned: bool) -> list[Event]:
    """Kernels of 100 us and copies of 40 us: between the kernels, or at the same time if pinned."""
    found = []
    for n in range(COUNT):
        start = 1000 + (101 if pinned else 155) * n
        called = 900 + 40 * n if pinned else start + 1
        copied = start + 20 if pinned else start + 101
        memory = "Pinned" if pinned else "Pageable"
        found += [
            *_kernel(n + 1, 870 + 40 * n if pinned else start - 11, start, start + 100),
            _event("cuda_runtime", COPY, called, called + (5 if pinned else 141), correlation=500 + n),
            _event("gpu_memcpy", f"Memcpy HtoD ({memory} -> Device)", copied, copied + 40,
                   correlation=500 + n, stream=9 if pinned else 7, bytes=1 << 20),
        ]  # fmt: skip
    return found


def _offloading() -> list[Event]:
    """Kernels of 100 us and pinned copies of 40 us between them, on one stream; the host is far ahead."""
    found = []
    for n in range(COUNT):
        start, called = 1000 + 142 * n, 900 + 20 * n
        found += [
            *_kernel(n + 1, 880 + 20 * n, start, start + 100),
            _event("cuda_runtime", COPY, called, called + 5, correlation=500 + n),
            _event("gpu_memcpy", "Memcpy HtoD (Pinned -> Device)", start + 101, start + 141,
                   correlation=500 + n, bytes=1 << 20),
        ]  # fmt: skip
    return found


def _convolving(*, converts: bool) -> list[Event]:
    """Kernels of 100 us that the host asks for long before, each after a conversion of its input or without one."""
    found = []
    for n in range(COUNT):
        start = 2000 + (142 if converts else 101) * n
        found += _kernel(2 * n + 2, 900 + 30 * n, start, start + 100)
        if converts:
            called = 890 + 30 * n
            name = "void cudnn::ops::nchwToNhwcKernel<float, float, float, false, true>(int)"
            found += [
                _event("cuda_runtime", LAUNCH, called, called + 5, correlation=2 * n + 1),
                _event("kernel", name, start - 41, start - 1, correlation=2 * n + 1),
            ]
    return found


def _launching() -> list[Event]:
    """Kernels of 5 us that the host asks for every 36 us."""
    return [
        event
        for n in range(COUNT)
        for event in _kernel(n + 1, 1000 + 36 * n, 1010 + 36 * n, 1015 + 36 * n)
    ]


def _in_a_graph() -> list[Event]:
    """The same kernels in one replay, 1.5 us apart."""
    replay = _event("cuda_runtime", "cudaGraphLaunch", 1000, 1010, correlation=1)
    starts = [1011 + 6.5 * n for n in range(COUNT)]
    return [replay, *(_event("kernel", "gemm", s, s + 5, correlation=1) for s in starts)]


def _product(columns: int, us: float) -> list[Event]:
    """Products of half floats; 4096 columns take what cuBLAS reaches on an A100, 250 TFLOP/s."""
    shape = {"Input Dims": [[4096, 4096], [4096, columns]], "Input Strides": [[4096, 1], [columns, 1]],
             "Input type": ["c10::Half", "c10::Half"], "Concrete Inputs": ["", ""]}  # fmt: skip
    found = []
    for n in range(3):
        start = 1000 + (us + 1) * n
        found += [
            _event("cpu_op", "aten::mm", 900 + 20 * n, 915 + 20 * n, **{"External id": n + 1}, **shape),
            _event("cuda_runtime", LAUNCH, 901 + 20 * n, 911 + 20 * n, correlation=n + 1),
            _event("kernel", "ampere_h16816gemm_128x128", start, start + us, correlation=n + 1),
        ]  # fmt: skip
    return found


def _allocating(calls: list[tuple[str, int]], grows: int) -> list[Event]:
    """Kernels of 100 us, one a step, and before the next one an operator that allocates with these calls."""
    total = 1 << 20
    found = [_memory(900, total)]
    start = 1000.0
    for n in range(COUNT):
        launch = start - 11
        found += [
            *_kernel(n + 1, launch, start, start + 100),
            _event("user_annotation", f"ProfilerStep#{n}", launch - 21, launch + 12),
        ]
        at = start + 100
        if n < COUNT - 1 and calls:
            inside = at + sum(us for _, us in calls) + 2
            found.append(
                _event("cpu_op", "aten::empty", at - 1, inside, **{"External id": 900 + n})
            )
            for number, (name, us) in enumerate(calls):
                found.append(
                    _event("cuda_runtime", name, at, at + us, correlation=100 * n + 2000 + number)
                )
                at += us
            total += grows
            found.append(_memory(at + 1, total))
        start = at + 33
    return found


def _memory(at: float, total: int) -> Event:
    """An allocation after which the allocator holds `total`."""
    args = {"Device Type": 1, "Device Id": 0, "Addr": 4096, "Bytes": 512,
            "Total Allocated": total, "Total Reserved": total}  # fmt: skip
    return {"ph": "i", "cat": "cpu_instant_event", "name": "[memory]", "s": "t", "pid": 1, "tid": 1,
            "ts": at, "args": args}  # fmt: skip


def _reducing(mine: int, slowest: int) -> list[Event]:
    """A rank that computes for `mine` us, then sums up with the others, of which the last one needs 20."""
    found = []
    for n in range(COUNT):
        start = 1000 + (slowest + 22) * n
        found += [
            *_kernel(2 * n + 1, 800 + 40 * n, start, start + mine),
            _event("cuda_runtime", LAUNCH, 815 + 40 * n, 820 + 40 * n, correlation=2 * n + 2),
            _event("kernel", "ncclDevKernel_AllReduce_Sum_f32_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                   start + mine + 1, start + slowest + 21, correlation=2 * n + 2),
        ]  # fmt: skip
    return found


RETRY = [("cudaMalloc", 10), ("cudaFree", 30), ("cudaMalloc", 40)]
TRACES = {
    "retrying": _allocating(RETRY, 0),
    "growing": _allocating([("cudaMalloc", 80)], 1 << 21),
    "holding": _allocating([], 0),
    "late-0": _reducing(200, 300),
    "late-1": _reducing(300, 300),
    "even-0": _reducing(200, 200),
    "even-1": _reducing(200, 200),
    "waiting": _waiting(),
    "running_ahead": _running_ahead(),
    "pageable": _copying(pinned=False),
    "pinned": _copying(pinned=True),
    "offloading": _offloading(),
    "converting": _convolving(converts=True),
    "channels_last": _convolving(converts=False),
    "launching": _launching(),
    "graph": _in_a_graph(),
    "odd": _product(4095, 3000),
    "even": _product(4096, 550),
}
# the kinds whose fixes make the first trace the second
PAIRS = {
    "waiting": ("running_ahead", {"host_wait"}),
    "pageable": ("pinned", {"pageable_copy", "pageable_transfer"}),
    "offloading": ("pinned", {"exposed_copy"}),
    "converting": ("channels_last", {"layout_copy"}),
    "launching": ("graph", {"launch_bound"}),
    "odd": ("even", {"odd_product"}),
    "retrying": ("holding", {"allocator_retry"}),
    "growing": ("holding", {"allocator_growth"}),
    "late-0": ("even-0", {"straggler"}),
}


def write_trace(folder: Path, name: str) -> Path:
    device = {"id": 0, "name": "NVIDIA A100-SXM4-80GB", "totalGlobalMem": 85_000_000_000}
    content = {"schemaVersion": 1, "deviceProperties": [device], "traceEvents": TRACES[name]}
    job, _, rank = name.partition("-")
    if rank:
        content["distributedInfo"] = {"rank": int(rank), "world_size": 2}
    path = folder / job / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return path
