"""A real run under torch.profiler: warm up, time unlabelled passes, then record one labelled pass with shapes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, schedule

from genscope.capture import trace_writer
from genscope.capture.environment import device_name, device_spec
from genscope.capture.label.proof import attention_seen
from genscope.capture.label.sinks import ProfilerSink
from genscope.capture.profilers import memory_history
from genscope.capture.runner import PassResult, Runner, runner
from genscope.capture.settings import Settings


def record(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write trace.json.gz and return the facts of the manifest. Times in ns, memory in bytes."""
    run = runner(settings)
    run.unlabelled()
    wall = run.wall_facts()
    if run.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(run.device)
    path = folder / trace_writer.FILE
    done = recorded(run, path)
    peak_memory = _peak_memory(run.device)
    facts = run.facts(done)
    if why := memory_history.record(run, folder):
        facts["assumptions"].append(f"no memory snapshot was recorded: {why}")
    return {
        **facts,
        "attention_seen": attention_seen(trace_writer.events(path)),
        "device_name": device_name(run.device),
        "device": device_spec(run.device),
        **wall,
        "peak_memory_bytes": peak_memory,
    }


def recorded(run: Runner, path: Path) -> PassResult:
    """One labelled pass to warm the profiler up, then one that is written to `path`."""
    quiet()
    stamp = trace_writer.stamp("torch", predicted=False, device=device_name(run.device))
    profiler = profile(
        activities=activities(run.device),
        schedule=schedule(wait=0, warmup=1, active=1, repeat=1),
        on_trace_ready=lambda ready: trace_writer.export(ready, path),
        record_shapes=True,
        profile_memory=True,
    )
    with run.labelling(ProfilerSink()) as labelled, profiler:
        labelled()
        profiler.step()
        profiler.add_metadata_json("genscope", json.dumps(stamp))
        done = labelled()
        profiler.step()
    return done


def quiet() -> None:
    """Keep Kineto from printing its notes to stderr."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")


def activities(device: torch.device) -> list[ProfilerActivity]:
    """The host's activity, and the GPU's if the model is on one."""
    found = [ProfilerActivity.CPU]
    return [*found, ProfilerActivity.CUDA] if device.type == "cuda" else found


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
