"""Ranges of CUPTI's profiler in a Kineto trace: counters of kernels, and no kernels."""

import json
from pathlib import Path

import pytest

from genscope.analyze.study import Study
from tests.readers.test_kineto_traps import kernel, op

# a real name, and the unit of what it counts
METRICS = {
    "smsp__sass_thread_inst_executed_op_ffma_pred_on.sum": "inst",
    "sm__inst_executed_pipe_tensor.sum": "inst",
    "sm__cycles_active.avg.pct_of_peak_sustained_elapsed": "%",
    "l1tex__t_sector_hit_rate.pct": "%",
    "sm__cycles_elapsed.max": "cycle",
    "sm__cycles_elapsed.avg.per_second": "hz",
    "dram__bytes_read.sum": "byte",
    "dram__bytes.sum.per_second": "byte/second",
    "lts__t_sectors_op_read.sum": "sector",
    "sm__warps_active.avg.per_cycle_active": None,
    "smsp__average_warps_issue_stalled.ratio": None,
    "gpu__time_duration.sum": "ns",
}


def _range(ts: int, name: str, args: dict[str, object]) -> dict[str, object]:
    event = {"ph": "X", "cat": "cuda_profiler_range", "name": name, "pid": 0, "tid": 0}
    return event | {"ts": ts, "dur": 5, "args": args}


def test_a_range_is_a_row_for_each_counter_and_no_kernel(tmp_path: Path) -> None:
    values = {name: number for number, name in enumerate(METRICS)}
    events = [
        _range(25, "__missing__", {"dram__bytes_read.sum": 7, "dram__bytes_write.sum": "broken"}),
        _range(20, "ampere_sgemm_128x64_nn", values),
        op(ts=10, dur=20),
        kernel(ts=40),
    ]
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(path)
        rows = study.sql(
            "SELECT ordinal, name, metric, unit, value, dur_ns, grid FROM kernel_metric ORDER BY ALL"
        ).rows()
        first = {row[2]: row for row in rows if row[0] == 0}
        assert first == {
            name: (0, "ampere_sgemm_128x64_nn", name, unit, values[name], 5000, None)
            for name, unit in METRICS.items()
        }
        assert [row for row in rows if row[0] != 0] == [
            (1, "__missing__", "dram__bytes_read.sum", "byte", 7.0, 5000, None)
        ]
        starts = "SELECT DISTINCT ordinal, start_ns % 1000000 FROM kernel_metric ORDER BY ALL"
        assert study.sql(starts).rows() == [(0, 20_000), (1, 25_000)]
        assert study.sql("SELECT count(*) FROM kernel").item() == 1
        assert study.sql("SELECT count(*) FROM work WHERE time_source = 'gpu'").item() == 1
        kinds = set(study.sql("SELECT kind FROM anomaly")["kind"])
        assert not kinds & {"category_without_table", "argument_without_column"}
        # a hit rate is all that this query needs, whatever counted it
        assert study.query("cache_hit")["l1_hit_frac"].to_list() == [values[METRIC] / 100]


METRIC = "l1tex__t_sector_hit_rate.pct"


@pytest.mark.usefixtures("shared_traces_built_once")
def test_all_ranges_of_a_real_trace(shared_traces: Path, tmp_path: Path) -> None:
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(shared_traces / "alexnet-cupti-ranges-a100.json.gz")
        found = study.sql(
            "SELECT count(*), count(DISTINCT ordinal), count(unit), sum(value) "
            "FILTER (WHERE metric LIKE '%ffma%' AND ordinal = 1) FROM kernel_metric"
        )
        assert found.rows() == [(77 * 9, 77, 77 * 9, 9_119_334_400)]
        assert study.sql("SELECT kernel_count FROM trace_summary").item() == 0
        assert "gpu" not in set(study.sql("SELECT time_source FROM work")["time_source"])
