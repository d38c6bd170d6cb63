"""What the labels cost: host time of one pass with and without a profiler, with and without labels.

    python bench/labels.py [--model stable_diffusion] [--rounds 30]

Prints a Markdown table. Variants take turns, so that whatever else the machine does touches them alike; times are the process's
own CPU time. On a GPU this is time of the host, while kernels run as long as they do without labels.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

from genscope.capture.label.sinks import NullSink, ProfilerSink
from genscope.capture.profilers.torch_profiler import quiet
from genscope.capture.runner import Runner, runner
from genscope.capture.settings import Settings, resolved


def timed(run: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    start = time.process_time()
    run()
    return time.process_time() - start


def profiled(run: Callable[[], object]) -> float:
    """The same inside a profiler that records shapes and memory; its start and end are not counted."""
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True, profile_memory=True):
        run()
        return timed(run)


def one_round(run: Runner) -> dict[str, float]:
    """Each variant once; labels are put on and taken off outside what is timed."""
    found = {"nothing": timed(run.unlabelled)}
    with run.labelling(ProfilerSink()) as labelled:
        found["labels, no profiler"] = timed(labelled)
    found["profiler"] = profiled(run.unlabelled)
    with run.labelling(ProfilerSink()) as labelled:
        found["profiler and labels"] = profiled(labelled)
    return found


def measured(run: Runner, rounds: int) -> dict[str, float]:
    """Median seconds of each variant, which take turns; the first round is not counted."""
    found = [one_round(run) for _ in range(rounds + 1)][1:]
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def table(run: Runner, found: dict[str, float]) -> str:
    """The Markdown table, with what the labels add to a profiled pass for each module call and each step."""
    bare = found["nothing"]
    counter = _Counter()
    steps = sum(run.labelled(counter).labels.calls.values())
    modules = counter.count
    added = found["profiler and labels"] - found["profiler"]
    rows = [
        f"| {name} | {seconds * 1e3:.1f} | {seconds / bare:.2f} |"
        for name, seconds in found.items()
    ]
    head = "| host | ms a pass | times nothing |\n|---|---:|---:|"
    note = (
        f"{run.settings.model}, {run.settings.size}, {modules} labelled ranges in {steps} calls of components: "
        f"labels add {added * 1e6 / modules:.1f} us a range, {added * 1e3 / steps:.2f} ms a call"
    )
    return "\n".join([head, *rows, "", note])


class _Counter(NullSink):
    def __init__(self) -> None:
        self.count = 0

    def enter(self, label: str) -> None:
        """Count a range."""
        self.count += 1


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="stable_diffusion")
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    quiet()
    torch.set_num_threads(1)
    run = runner(resolved(Settings(asked.model, device="cpu")))
    print(table(run, measured(run, asked.rounds)))


if __name__ == "__main__":
    main()
