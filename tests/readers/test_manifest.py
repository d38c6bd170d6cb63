"""Every figure of other people's traces, to the nanosecond, against manifest.csv.

The figures there were computed twice with decimal arithmetic by independent scripts.
"""

import csv
from pathlib import Path

import pytest

from tests.conftest import shared_traces_folder
from tests.readers.conftest import Load

FIGURES = (
    "events",
    "cpu_ops",
    "runtime_calls",
    "kernels",
    "distinct_kernel_names",
    "gpu_copies",
    "kernel_sum_ns",
    "kernel_union_ns",
    "gpu_busy_ns",
    "gpu_span_ns",
)

# a running maximum of ends opens a new busy stretch where the next start lies beyond it
UNION = """
  SELECT coalesce(sum(greatest(end_ns - greatest(start_ns, coalesce(before_ns, start_ns)), 0)), 0)
  FROM (
    SELECT start_ns, start_ns + dur_ns AS end_ns,
      max(start_ns + dur_ns) OVER (
        ORDER BY start_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS before_ns
    FROM ({busy})
  )
"""
KERNELS = "SELECT start_ns, dur_ns FROM kernel"
BUSY = f"{KERNELS} UNION ALL SELECT start_ns, dur_ns FROM gpu_copy"
QUERY = f"""
  SELECT
    (SELECT event_count FROM trace),
    (SELECT count(*) FROM cpu_op),
    (SELECT count(*) FROM runtime_call),
    (SELECT count(*) FROM kernel),
    (SELECT count(DISTINCT name) FROM kernel),
    (SELECT count(*) FROM gpu_copy),
    (SELECT coalesce(sum(dur_ns), 0) FROM kernel),
    ({UNION.format(busy=KERNELS)}),
    ({UNION.format(busy=BUSY)}),
    (SELECT coalesce(max(start_ns + dur_ns) - min(start_ns), 0) FROM ({BUSY}))
"""


def _traces() -> list[dict[str, str]]:
    folder = shared_traces_folder()
    if folder is None:
        return []
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["events"]]


TRACES = _traces()


@pytest.mark.skipif(not TRACES, reason="no traces of others here: set GENSCOPE_TRACES")
@pytest.mark.usefixtures("shared_traces_built_once")
@pytest.mark.parametrize("expected", TRACES, ids=[row["file"] for row in TRACES])
def test_figures_are_exact(expected: dict[str, str], shared_traces: Path, load: Load) -> None:
    con = load(shared_traces / expected["file"])
    found = con.execute(QUERY).fetchall()[0]
    wanted = {name: int(expected[name]) for name in FIGURES}
    assert dict(zip(FIGURES, map(int, found), strict=True)) == wanted
    overlaps = con.execute(
        "SELECT count FROM anomaly WHERE kind = 'same_stream_overlap'"
    ).fetchall()
    assert sum(row[0] for row in overlaps) == int(expected["same_stream_overlaps"] or 0)
    assert con.execute("SELECT skipped_count, repaired_count, complete FROM trace").fetchall() == [
        (0, 0, True)
    ]
