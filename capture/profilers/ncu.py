"""A real run under Nsight Compute: metrics.csv with hardware counters of every kernel of the labelled pass.

Each kernel is replayed until every counter was taken, with caches flushed in between: the durations say nothing about the
run, and the counters are matched to a timeline by name, grid, block and order.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from genscope.capture.profilers import nvidia_tool
from genscope.capture.settings import Settings

FILE = "metrics.csv"
# the counters that caches, rooflines and occupancy need; each further one may replay every kernel once more
METRICS = (
    "gpu__time_duration.sum",
    "dram__bytes.sum",
    "dram__bytes_read.sum",
    "dram__bytes_write.sum",
    "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
    "l1tex__t_sector_hit_rate.pct",
    "l1tex__t_sectors.sum",
    "lts__t_sector_hit_rate.pct",
    "lts__t_sectors.sum",
    "sm__throughput.avg.pct_of_peak_sustained_elapsed",
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active",
    "sm__warps_active.avg.pct_of_peak_sustained_active",
    "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum",
)


def record(settings: Settings, folder: Path) -> dict[str, Any]:
    """Write metrics.csv and return the facts of the manifest. Replayed kernels have no wall time.

    Raises CaptureError if ncu or a GPU is missing, if reading counters isn't permitted, or if the run fails.
    """
    ncu = nvidia_tool.found("ncu", settings)
    with tempfile.TemporaryDirectory(prefix="genscope-ncu-") as name:
        command = [
            ncu,
            "--profile-from-start=off",
            "--target-processes=all",
            "--csv",
            "--page=raw",
            f"--metrics={','.join(METRICS)}",
            f"--log-file={folder / FILE}",
        ]
        return nvidia_tool.watched(command, settings, Path(name), log=folder / FILE)
