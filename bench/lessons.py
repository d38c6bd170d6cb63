"""How long four papers' lessons take on a CPU: the costly way and its fix, in turns.

    python bench/lessons.py docs/lessons/measured.csv [--rounds 9]

Writes one row per variant: medians of wall and CPU time of this process over the rounds, with the machine and the versions. The
sizes are the papers' widths with smaller tables and batches, so that a round takes seconds.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from genscope.capture.models import simple_hhea
from genscope.capture.models.legonet import Adapters
from genscope.capture.models.robust_rec import Trainer
from genscope.capture.parts.supernet import Layer
from genscope.capture.parts.tables import Tables
from genscope.capture.settings import Settings

COLUMNS = ("model", "variant", "size", "wall_ms", "cpu_ms", "rounds", "threads", "machine", "versions")  # fmt: skip
Ways = dict[str, Callable[[], object]]


def legonet() -> Iterator[tuple[str, Ways]]:
    """Adapters of one batch, whose encodings are there."""
    adapters, x = Adapters(100, 2048, 100), torch.randn(64, 2048)
    chosen = adapters.chosen(x, 5)
    ways: Ways = {
        way: lambda way=way: adapters(x, chosen, way) for way in ("gather", "dense", "grouped")
    }
    yield "100 adapters of 2048 x 100, 5 active, batch 64", ways


def robust_rec() -> Iterator[tuple[str, Ways]]:
    """A step of training over two tables, small and large."""
    for rows in (25_000, 400_000):
        settings = Settings("robust_rec", size="paper", device="cpu")
        trainer = Trainer(settings, Tables(rows, rows, 64, 0), 0, 0)

        def step(variant: str, trainer: Trainer = trainer) -> None:
            loss = getattr(trainer, variant.replace("-", "_"))()
            if variant != "apr-rows":
                loss.backward()
                trainer.optimizer.step()
                trainer.optimizer.zero_grad()

        ways: Ways = {v: lambda v=v, step=step: step(v) for v in ("bpr", "apr", "apr-rows")}
        yield f"two tables of {rows:,} x 64, batch 512", ways


def mos() -> Iterator[tuple[str, Ways]]:
    """One layer's forward pass: weights that are mixed, and the same that were mixed before."""
    for batch in (1, 8):
        layer = Layer(768, 3072, (2, 12, 128), "neuron")
        kept = Layer(768, 3072, (2, 12, 128), "neuron")
        kind, x = torch.rand(12), torch.randn(batch, 128, 768)
        kept.wide.kept = kept.wide.mixed(768, 3072, kind)
        kept.narrow.kept = kept.narrow.mixed(3072, 768, kind)
        ways: Ways = {
            "neuron": lambda layer=layer, x=x, kind=kind: layer(x, 768, kind),
            "materialised": lambda layer=kept, x=x, kind=kind: layer(x, 768, kind),
        }
        yield f"one layer of 768 and 3072, 2 experts, batch {batch} of 128 tokens", ways


def sandwich() -> Iterator[tuple[str, Ways]]:
    """Gradients of one layer in its largest, smallest and a middle width, with experts and without."""
    kind, x = torch.rand(12), torch.randn(8, 128, 768)

    def step(layer: Layer) -> None:
        for width in (768, 120, 480):
            layer(x, width, kind).mean().backward()
        layer.zero_grad()

    mixed, plain = (Layer(768, 3072, (n, 12, 128), "neuron") for n in (2, 1))
    ways: Ways = {"sandwich": lambda: step(mixed), "sandwich-slice": lambda: step(plain)}
    yield "gradients of one layer at widths of 768, 120 and 480, batch 8 of 128 tokens", ways


def hhea() -> Iterator[tuple[str, Ways]]:
    """The ranking of an evaluation: NumPy's full sorts, and counting what is nearer."""
    left, right = torch.randn(3540, 64), torch.randn(3540, 64)
    ways: Ways = {
        "host-eval": lambda: simple_hhea.ranks_on_host(left, right),
        "gpu-eval": lambda: simple_hhea.ranks(left, right),
    }
    yield "3,540 entities on either side", ways


# the workload, its ways at each size, and whether they take gradients
CASES = (
    ("legonet", legonet, False),
    ("robust_rec", robust_rec, True),
    ("mos", mos, False),
    ("mos", sandwich, True),
    ("simple_hhea", hhea, False),
)


def measured(ways: Ways, rounds: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of wall and CPU time of each way: medians of rounds in which every way has a turn."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for number in range(rounds + 1):
        for way, run in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if number:  # the first round warms up
                found[way].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        way: (
            1e3 * statistics.median(w for w, _ in each),
            1e3 * statistics.median(c for _, c in each),
        )
        for way, each in found.items()
    }


def machine() -> str:
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    """Measure on one thread and write the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--rounds", type=int, default=9)
    options = asked.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    with options.out.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for model, cases, trains in CASES:
            for size, ways in cases():
                with torch.set_grad_enabled(trains):
                    rows = measured(ways, options.rounds)
                for way, (wall, cpu) in rows.items():
                    facts = (options.rounds, torch.get_num_threads(), machine(), versions)
                    table.writerow((model, way, size, f"{wall:.3g}", f"{cpu:.3g}", *facts))


if __name__ == "__main__":
    main()
