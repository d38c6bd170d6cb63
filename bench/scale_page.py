"""The measured part of docs/scale.md, out of what bench/fleet.py, bench/one_study.py and bench/ingest.py measured."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.performance_page import sessions

BENCH = Path(__file__).parent
PAGE = BENCH.parent / "docs" / "scale.md"
_PART = re.compile(r"(<!-- measured[^\n]*-->\n).*(<!-- end of measured -->)", re.DOTALL)
_RANKS, _CORES = 4096, 64
# training without stacks, which takes longest
_BIG = ("plain", 1000, "genscope")
_HEAD = (
    "| workers | traces | parts | traces a minute | CPU s a trace | `gpu_time`, s (merging) "
    "| `rank_outlier`, s (merging) | CPU s to ask both | lake, MB | scheduler, MB | load |"
)


def write_page() -> None:
    """Write docs/scale.md with what is measured now."""
    PAGE.write_text(page(PAGE.read_text(), *measured()))


def measured() -> tuple[dict[str, Any], ...]:
    """What was measured: of a fleet, of one study with many traces, of large traces."""
    return tuple(
        json.loads((BENCH / f"{name}.json").read_text())
        for name in ("fleet", "one_study", "ingest")
    )


def page(
    text: str, fleet: dict[str, Any], one_study: dict[str, Any], ingest: dict[str, Any]
) -> str:
    """The page with its measured part replaced."""
    cells = sorted(fleet["cells"], key=lambda cell: (cell["traces"], cell["workers"]))
    parts = (_fleet(cells), _one_study(one_study), _far(cells, ingest))
    lines = "\n".join(line for part in parts for line in part)
    return _PART.sub(lambda found: f"{found[1]}{lines}\n{found[2]}", text)


def _fleet(cells: list[dict[str, Any]]) -> Iterable[str]:
    first, most = cells[0], cells[-1]
    size = first["bytes"] / first["traces"] / 1e6
    days = sorted(
        {cell["date"] for cell in cells}, key=lambda day: datetime.strptime(day, "%d %b %Y")
    )
    yield (
        f"Measured on {' and '.join(days)} with ranks of one job, {size:.2f} MB of JSON each (AlexNet on an A100), on "
        f"{first['cores']} cores"
    )
    yield "that other work shared. Load is the one-minute average before and after: with more than one a core, wall"
    yield "times are upper bounds and say nothing of more workers, and CPU seconds are inflated too. 0 workers are one"
    yield "process without Dask. The scheduler is the process that starts the workers; its memory is the peak."
    yield ""
    yield _HEAD
    yield "|---" * (_HEAD.count("|") - 1) + "|"
    yield from map(_row, cells)
    yield ""
    one, four = (_cell(cells, workers, first["traces"]) for workers in (1, 4))
    each = (four["cpu_s"] - one["cpu_s"]) / 3
    yield f"Each further worker adds {each:.0f} CPU seconds to a load: its start, and what sharing the cores costs."
    yield f"More than {most['traces']:,} traces were not loaded."
    yield ""


def _cell(cells: list[dict[str, Any]], workers: int, traces: int) -> dict[str, Any]:
    return next(c for c in cells if (c["workers"], c["traces"]) == (workers, traces))


def _row(cell: dict[str, Any]) -> str:
    asked = [
        f"{found['wall_s']:.1f} ({found['merge_s']:.1f})"
        for found in (cell["asked"][name] for name in ("gpu_time", "rank_outlier"))
    ]
    load = " to ".join(f"{load:.0f}" for load in cell["load"])
    cells = [
        f"{cell['workers']}",
        f"{cell['traces']:,}",
        f"{cell['parts']:,}",
        f"{cell['traces'] * 60 / cell['wall_s']:.0f}",
        f"{cell['cpu_s'] / cell['traces']:.2f}",
        *asked,
        f"{cell['ask_cpu_s']:.1f}",
        f"{cell['lake_bytes'] / 1e6:,.0f}",
        f"{cell['peak_mb']:.0f}",
        load,
    ]
    return "| " + " | ".join(cells) + " |"


def _one_study(found: dict[str, Any]) -> Iterable[str]:
    tenths = ", ".join(f"{seconds:.2f}" for seconds in found["cpu_s_a_trace"])
    yield (
        f"One study instead of a lake: `genscope ingest` of {found['traces']:,} such traces "
        f"({found['bytes'] / 1e6:.0f} MB of JSON) took {found['cpu_s'] / found['traces']:.2f} CPU seconds"
    )
    yield (
        f"a trace at a load of {found['load'][0]:.0f} to {found['load'][1]:.0f}; in the tenths of the load, one after "
        f"the other: {tenths}."
    )
    yield (
        f"The study has {found['study_bytes'] / 1e6:.0f} MB, and the process held {found['peak_mb']:.0f} MB at most."
    )
    yield ""


def _far(cells: list[dict[str, Any]], ingest: dict[str, Any]) -> Iterable[str]:
    # of the newest session that loaded as much
    big = next(
        runs
        for session in sessions(ingest)
        if (
            runs := [
                r for r in session["runs"] if (r["workload"], r["megabytes"], r["reader"]) == _BIG
            ]
        )
    )
    seconds = statistics.median(run["cpu_s"] * 1e9 / run["bytes"] for run in big)
    hours = _RANKS * seconds / 3600
    alone = [cell for cell in cells if cell["workers"] == 0]
    # of a part, as large ranks have one each; the first cell's are few, and pay for starting
    spent = ((cell["asked"]["rank_outlier"], cell["parts"]) for cell in alone)
    asked = min((found["wall_s"] - found["merge_s"]) / parts for found, parts in spent)
    yield (
        f"What that means for {_RANKS:,} ranks of 1 GB of JSON each: such a trace takes {seconds:.0f} CPU seconds "
        f"([performance.md](performance.md)), so all take"
    )
    yield (
        f"{hours:.0f} core hours, or {hours * 60 / _CORES:.0f} minutes on {_CORES} cores that read "
        f"{_CORES / seconds:.1f} GB/s of text together. Asking `rank_outlier` takes {_RANKS * asked / 60:.0f} core"
    )
    yield (
        f"minutes at most, or {_RANKS * asked / _CORES:.0f} seconds on {_CORES} cores, and then the merge in one "
        "process. This assumes that ranks don't disturb each other,"
    )
    yield "that nothing waits for storage, and that a large rank, in a part of its own, answers as fast as a part of"
    yield "small ones. The merge of `rank_skew` takes all collectives: with 5,000 a rank, 20 million rows. None of this"
    yield "was measured."
