"""Events without a time, which must not make a span of decades, and devices whose rows aren't read."""

import json
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.doctor.examine import Diagnosis, examine
from genscope.analyze.study import Study
from tests.readers.nsys_export import anomalies as nsys_anomalies
from tests.readers.nsys_export import call, staged, strings, write_export
from tests.readers.nsys_export import kernel as nsys_kernel
from tests.readers.test_kineto_traps import call as launch
from tests.readers.test_kineto_traps import kernel, op

DAY = 86_400_000_000
KERNELS = "CUPTI_ACTIVITY_KIND_KERNEL"
CALLS = "CUPTI_ACTIVITY_KIND_RUNTIME"

LAUNCHED = [launch(50 * DAY), op(50 * DAY, 90), *(kernel(50 * DAY + 100 * i, 10) for i in range(3))]


def diagnosed(folder: Path, *events: dict[str, Any]) -> Diagnosis:
    path = folder / "t.json"
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    (found,) = examine([path])
    return found


# a device record next to three that have times, and the anomaly that it is
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "zero": (kernel(0, 0), "untimed_work"),
    "absent": ({k: v for k, v in kernel(0, 0).items() if k not in ("ts", "dur")}, "untimed_work"),
    "no_number": (kernel("soon", 5), "untimed_work"),
    "no_end": (kernel(50 * DAY + 9, -50 * DAY), "untimed_work"),
    "copy": (kernel(0, 0) | {"cat": "gpu_memcpy"}, "untimed_work"),
    "far": (kernel(2 * DAY, 3), "outlier_work"),
    "long": (kernel(0, 50 * DAY), "outlier_work"),
}


@pytest.fixture(scope="module")
def gpu_time(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What gpu_time says of a trace with each odd record, and of one without any."""
    folder = tmp_path_factory.mktemp("untimed")
    for name, extra in {"sound": [], **{name: [odd] for name, (odd, _) in ODD.items()}}.items():
        (folder / f"{name}.json").write_text(json.dumps([*LAUNCHED, *extra]))
    with Study(folder / "s.duckdb") as study:
        study.ingest(sorted(folder.glob("*.json")), jobs=1)
        return {row["trace_name"]: row for row in study.query("gpu_time").iter_rows(named=True)}


def test_records_with_credible_times_have_a_span(
    tmp_path: Path, gpu_time: dict[str, dict[str, Any]]
) -> None:
    assert diagnosed(tmp_path, *LAUNCHED).trustworthy
    assert gpu_time["sound"]["gpu_span_ns"] == 210_000


@pytest.mark.parametrize("name", ODD)
def test_a_device_record_without_a_credible_time_refuses_span_and_idle(
    name: str, tmp_path: Path, gpu_time: dict[str, dict[str, Any]]
) -> None:
    odd, kind = ODD[name]
    found = diagnosed(tmp_path, *LAUNCHED, odd)
    assert {f.kind: f.count for f in found.anomalies}[kind] == 1
    assert not found.trustworthy
    assert found.supports is not None and found.supports["gpu_time"] is not None
    row = gpu_time[name]
    assert row["gpu_span_ns"] is row["gpu_idle_ns"] is None
    assert "idle and span" in row["idle_refusal"]


def test_kernels_without_durations_are_not_an_idle_device(tmp_path: Path) -> None:
    lasting = [2, 0, 0, 0]
    kernels = [kernel(50 * DAY + 100 * i, dur) for i, dur in enumerate(lasting)]
    found = diagnosed(tmp_path, launch(50 * DAY), op(50 * DAY, 90), *kernels)
    assert {f.kind: f.count for f in found.anomalies}["lost_duration"] == 3
    assert not found.trustworthy
    with Study(tmp_path / "s.duckdb") as study:
        study.ingest([tmp_path / "t.json"], jobs=1)
        (row,) = study.query("gpu_time").iter_rows(named=True)
    assert row["gpu_idle_ns"] is None
    assert "durations were not recorded" in row["idle_refusal"]
    # half of them can be shorter than the clock's step
    assert diagnosed(tmp_path, launch(50 * DAY), op(50 * DAY, 90), *kernels[:2]).trustworthy


@pytest.mark.parametrize("lost", ["absent", "zero"])
def test_half_of_the_events_without_times_is_not_trusted(lost: str, tmp_path: Path) -> None:
    base = 50 * DAY
    timed = [op(base + 10 * i) for i in range(4)]
    if lost == "zero":
        untimed = [op(0, 0) for _ in timed]
    else:
        untimed = [{k: v for k, v in event.items() if k != "ts"} for event in timed]
    assert diagnosed(tmp_path, *timed).trustworthy
    found = diagnosed(tmp_path, *timed, *untimed)
    kind = "zero_time" if lost == "zero" else "no_timestamp"
    assert {f.kind: f.count for f in found.anomalies}[kind] == 4
    assert found.doubts == (f"{kind}: 4 of 8 events",)


def nsys_spans(folder: Path, kernels: list[Any], calls: list[Any]) -> tuple[Any, dict[str, int]]:
    tables: dict[str, Any] = {"StringIds": strings("gemm"), KERNELS: kernels}
    con = staged(write_export(folder / "e.sqlite", tables | ({CALLS: calls} if calls else {})))
    spans = con.execute("SELECT start_ns, dur_ns FROM kernel ORDER BY ALL").fetchall()
    return spans, nsys_anomalies(con)


def test_zeros_of_cupti_are_no_times_in_exports(tmp_path: Path) -> None:
    sound = [nsys_kernel(5000, 5100), nsys_kernel(6000, 6100)]
    calls = [call(4000, 4010)]
    timed = [(5000, 100), (6000, 100)]
    assert nsys_spans(tmp_path, sound, calls) == (timed, {})
    for odd, kept in (
        (nsys_kernel(0, 0), []),
        (nsys_kernel(0, 300), []),
        (nsys_kernel(7000, 0), [(7000, 0)]),
    ):
        spans, found = nsys_spans(tmp_path, [*sound, odd], calls)
        assert spans == [*timed, *kept]
        assert found["untimed_work"] == 1
    # without calls, another kernel of its stream tells that it can't have run since 0
    spans, found = nsys_spans(tmp_path, [*sound, nsys_kernel(0, 5500)], [])
    assert (spans, found["untimed_work"]) == (timed, 1)
    assert nsys_spans(tmp_path, [nsys_kernel(0, 5)], []) == ([(0, 5)], {})
    lasting = [*sound, *(nsys_kernel(i, i) for i in (7000, 8000, 9000))]
    assert nsys_spans(tmp_path, lasting, calls)[1] == {"lost_duration": 3}
    far = nsys_kernel(-DAY * 2000, -DAY * 2000)
    assert nsys_spans(tmp_path, [*sound, far], calls)[1]["outlier_work"] == 1


LABEL = {"ph": "M", "name": "process_labels", "pid": 5, "args": {"labels": "NPU"}}
NAMED = {"ph": "M", "name": "process_name", "pid": 5, "args": {"name": "TPU0"}}
HOST = {"ph": "M", "name": "process_labels", "pid": 5, "args": {"labels": "CPU"}}
ROW: dict[str, Any] = {"ph": "X", "name": "MatMul", "pid": 5, "tid": 1, "ts": 20, "dur": 3.5}


@pytest.mark.parametrize(
    ("events", "example"),
    [
        ([LABEL, ROW, ROW | {"ts": "25.5"}], "2 rows, 7000 ns on NPU (no category)"),
        ([NAMED, ROW | {"cat": "new"}], "1 rows, 3500 ns on TPU0 (new)"),
        ([ROW | {"cat": "hpu_op"}], "1 rows, 3500 ns on process 5 (hpu_op)"),
        (
            [ROW | {"cat": "mlu_kernel", "args": {"device": 0}}],
            "1 rows, 3500 ns on process 5 (mlu_kernel)",
        ),
        ([ROW | {"cat": "kernel", "ph": "B"}], "1 rows, 3500 ns on process 5 (kernel)"),
        ([HOST, NAMED, ROW | {"cat": "new"}], None),
        ([ROW | {"cat": "new"}], None),
    ],
    ids=["ascend", "name", "gaudi", "args", "begin", "host", "unlabelled"],
)
def test_device_rows_that_are_not_read_are_counted_and_not_trusted(
    events: list[dict[str, Any]], example: str | None, tmp_path: Path
) -> None:
    found = diagnosed(tmp_path, op(), *events)
    unread = {f.kind: f.example for f in found.anomalies}.get("unread_device_work")
    assert unread == example
    assert found.trustworthy is (example is None)
