"""Measure single operators on this machine's GPU, by shape, for the predictor (bench/predictor.py ROWS.csv --fit).

    python bench/gpu_kernels.py ROWS.csv --limit 240 --attention RUN_FOLDER...
    python bench/gpu_kernels.py ROWS.csv --list --attention RUN_FOLDER...      print how many there are, and stop

The operators are those of dry runs (convolutions, norms, matrix products, attention), each signature once, convolutions
in channels_last too. `--attention` adds fused and unfused attention over sequence lengths and batches. Rows are appended
as they are measured, and those that the file has are skipped, so the command can be stopped and called again. It needs
torch alone. On a CPU it times the operators of tiny runs, as a trial.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

COLUMNS = ("source", "device", "dtype", "model", "what", "shape", "measured_ns", "calls", "note")
MEASURED = {
    "convolution", "native_group_norm", "native_layer_norm", "addmm", "mm", "bmm", "baddbmm", "_softmax",
    "_scaled_dot_product_flash_attention", "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_attention_math",
}  # fmt: skip
ATTENTION = (
    "_scaled_dot_product_flash_attention",
    "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_efficient_attention",
    "_scaled_dot_product_attention_math",
)
LENGTHS = (16, 64, 256, 1024, 4096)
BATCH_HEADS = (64, 512, 4096, 65_536)
HEAD_SIZE = 64
# FLOPs and bytes beyond which a case takes seconds, or more memory than a GPU has
MOST_FLOPS, MOST_BYTES = 4e13, 2**34
ROUNDS, LEAST_S = 5, 0.005
# starting and ending torch.profiler; an assumption
PROFILER_S = 0.015
TYPES = {
    "c10::Half": torch.float16,
    "c10::BFloat16": torch.bfloat16,
    "float": torch.float32,
    "long int": torch.int64,
}


@dataclass(frozen=True)
class Signature:
    """One operator by what decides its kernels: shapes, strides, types and the values of its other arguments."""

    name: str
    dims: tuple[Any, ...]
    strides: tuple[Any, ...]
    types: tuple[str, ...]
    values: tuple[str, ...]
    model: str

    @property
    def shape(self) -> str:
        """Shapes and strides, as bench/measured_rows.py reads them."""
        return f"{_text(self.dims)} strides {_text(self.strides)}"

    @property
    def key(self) -> tuple[str, str, str]:
        return f"aten::{self.name}", self.shape, self.types[0]


def of_runs(folders: Iterable[Path]) -> Iterator[Signature]:
    """Each measured operator of the runs' dry traces, and each 2-D convolution in channels_last too."""
    for folder in folders:
        model = json.loads((folder / "manifest.json").read_text())["model"]
        with gzip.open(folder / "trace.json.gz", "rt", encoding="utf-8") as file:
            events = json.load(file)["traceEvents"]
        for event in events:
            name = event.get("name", "").removeprefix("aten::")
            if event.get("cat") != "cpu_op" or name not in MEASURED:
                continue
            arguments = event["args"]
            parts = [
                _tuple(arguments.get(key, ()))
                for key in ("Input Dims", "Input Strides", "Input type", "Concrete Inputs")
            ]
            found = Signature(name, *parts, model)
            yield found
            if name == "convolution" and len(found.dims[0]) == 4:
                strides = (
                    *(_strides(shape, torch.channels_last) for shape in found.dims[:2]),
                    *found.strides[2:],
                )
                yield Signature(name, found.dims, strides, found.types, found.values, model)


def attention_sweep(
    kind: str, lengths: Sequence[int] = LENGTHS, names: Sequence[str] = ATTENTION
) -> Iterator[Signature]:
    """Self-attention by sequence length and batch times heads, fused by three kernels and unfused."""
    for length in lengths:
        for sequences in BATCH_HEADS:
            flops = 4 * sequences * length**2 * HEAD_SIZE
            for name in names:
                # scores twice, before and after the softmax; queries, keys, values and the result
                scores = 2 * length if name.endswith("math") else 0
                size = 2 * sequences * length * (scores + 4 * HEAD_SIZE)
                if flops > MOST_FLOPS or size > MOST_BYTES:
                    continue
                # 16 heads, as far as there are so many
                heads = min(sequences, 16)
                shape = (sequences // heads, heads, length, HEAD_SIZE)
                yield Signature(
                    name, (shape,) * 3, (_strides(shape),) * 3, (kind,) * 3, (), "attention sweep"
                )


def call_of(signature: Signature, device: torch.device) -> Callable[[], Any]:
    """A call of the operator with random arguments of the signature's shapes; raises ValueError for a type it can't make."""
    operator = getattr(torch.ops.aten, signature.name).default
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for place, argument in enumerate(operator._schema.arguments):
        kind = signature.types[place] if place < len(signature.types) else ""
        value = signature.values[place] if place < len(signature.values) else ""
        made = None
        if "Tensor" in str(argument.type) and kind:
            if kind not in TYPES:
                raise ValueError(f"no tensor of type {kind!r} is made")
            shape, strides = signature.dims[place], signature.strides[place]
            made = _random(shape, strides, TYPES[kind], device)
        elif value:
            made = ast.literal_eval(value)
        elif argument.has_default_value():
            continue
        if argument.kwarg_only:
            named[argument.name] = made
        else:
            positional.append(made)
    return lambda: operator(*positional, **named)


def measured(signature: Signature, device: torch.device) -> tuple[int, int]:
    """ns of one call on the device, the median of several rounds, and the number of calls that were timed."""
    run = call_of(signature, device)
    with torch.inference_mode():
        first = _round(run, 1, device)
        calls = max(1, min(100, round(LEAST_S * 1e9 / max(_round(run, 1, device), 1))))
        rounds = 1 if first > 1e9 else ROUNDS
        times = [_round(run, calls, device) / calls for _ in range(rounds)]
    return round(statistics.median(times)), calls * rounds


def _round(run: Any, calls: int, device: torch.device) -> float:
    """ns of so many calls: kernels by the profiler, so that a slow launch is not counted; on a CPU, by the clock."""
    if device.type == "cpu":
        start = time.perf_counter_ns()
        for _ in range(calls):
            run()
        return time.perf_counter_ns() - start
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for _ in range(calls):
            run()
        torch.cuda.synchronize()
    on_device = [e for e in profile.events() if e.device_type == torch.autograd.DeviceType.CUDA]
    return sum(event.time_range.elapsed_us() for event in on_device) * 1e3


def work(signatures: Iterable[Signature], out: Path, limit_s: float) -> tuple[int, int]:
    """Measure those that the file lacks until the limit; return how many were measured, and how many failed."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    note = f"kernel time, median; torch {torch.__version__}, CUDA {torch.version.cuda}"
    known = done(out)
    start, made, failed = time.monotonic(), 0, 0
    with out.open("a", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            rows.writerow(COLUMNS)
        for signature in signatures:
            if signature.key in known:
                continue
            if time.monotonic() - start > limit_s:
                break
            known.add(signature.key)
            try:
                time_ns, calls = measured(signature, device)
            except (RuntimeError, ValueError) as error:
                failed += 1
                print(f"{signature.name} {signature.shape}: {str(error)[:160].splitlines()[0]}")
                continue
            source = f"genscope bench/gpu_kernels.py on {name}"
            what, shape, kind = signature.key
            rows.writerow((source, name, kind, signature.model, what, shape, time_ns, calls, note))
            file.flush()
            made += 1
    return made, failed


def estimated_s(signatures: Iterable[Signature], device_name: str) -> float:
    """Seconds that measuring takes on a device, by the predictor; one that it doesn't know counts as an empty kernel."""
    from genscope.predictor import expected_ns

    asked = [
        (f"aten::{one.name}", *map(_text, (one.dims, one.strides, one.types)), _text(one.values) if one.values else None)
        for one in signatures
    ]  # fmt: skip
    known = expected_ns(asked, device_name=device_name, dtype="bfloat16")
    total = 0.0
    for one in asked:
        call_s = known[one] / 1e9
        calls = max(1, min(100, round(LEAST_S / call_s)))
        total += (2 + ROUNDS * calls) * call_s + (2 + ROUNDS) * PROFILER_S
    return total


def done(out: Path) -> set[tuple[str, str, str]]:
    """The signatures that a file has rows of."""
    if not out.is_file():
        return set()
    with out.open(encoding="utf-8", newline="") as file:
        return {(row["what"], row["shape"], row["dtype"]) for row in csv.DictReader(file)}


def _random(
    shape: Sequence[int], strides: Sequence[int], kind: torch.dtype, device: torch.device
) -> Any:
    tensor = torch.empty_strided(tuple(shape), tuple(strides), dtype=kind, device=device)
    # one block of memory may serve several elements (a broadcast), which can't be filled one by one
    if any(step == 0 for step in strides) or not kind.is_floating_point:
        return torch.zeros(1, dtype=kind, device=device).as_strided(tuple(shape), (0,) * len(shape))
    return tensor.normal_()


def _strides(
    shape: Sequence[int], layout: torch.memory_format = torch.contiguous_format
) -> tuple[int, ...]:
    return torch.empty(tuple(shape), device="meta", memory_format=layout).stride()


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _text(value: Any) -> str:
    return json.dumps(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("runs", type=Path, nargs="*", help="folders of dry runs")
    parser.add_argument(
        "--attention", action="store_true", help="attention by length and batch, too"
    )
    parser.add_argument("--limit", type=float, default=240, help="seconds to work for")
    parser.add_argument(
        "--list", action="store_true", help="print the number of operators and stop"
    )
    parser.add_argument(
        "--estimate", metavar="DEVICE", help="with --list: seconds on 'NVIDIA H200'; needs genscope"
    )
    asked = parser.parse_intermixed_args(arguments)
    signatures: dict[tuple[str, str, str], Signature] = {}
    if asked.attention:
        trial = ("float", LENGTHS[:1], ATTENTION[-1:])
        for_gpu = torch.cuda.is_available() or asked.estimate
        sweep = attention_sweep("c10::BFloat16") if for_gpu else attention_sweep(*trial)
        signatures |= {found.key: found for found in sweep}
    for found in of_runs(asked.runs):
        signatures.setdefault(found.key, found)
    left = signatures.keys() - done(asked.out)
    if asked.list:
        print(f"{len(signatures)} operators, {len(left)} left")
        if asked.estimate:
            waiting = [found for key, found in signatures.items() if key in left]
            print(f"about {estimated_s(waiting, asked.estimate):.0f} s on {asked.estimate}")
        return 0
    made, failed = work(signatures.values(), asked.out, asked.limit)
    print(f"{made} measured, {failed} failed, {len(left) - made - failed} left")
    return 3 if made + failed < len(left) else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
