"""The saving that a trace with a problem predicts, against the trace in which the problem is fixed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import genscope
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.cli import performance

ROOT = Path(__file__).resolve().parent.parent
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


TRACES = {
    "waiting": _waiting(),
    "running_ahead": _running_ahead(),
    "pageable": _copying(pinned=False),
    "pinned": _copying(pinned=True),
    "launching": _launching(),
    "graph": _in_a_graph(),
    "odd": _product(4095, 3000),
    "even": _product(4096, 550),
}
# the kinds whose fixes make the first trace the second
PAIRS = {
    "waiting": ("running_ahead", {"host_wait"}),
    "pageable": ("pinned", {"pageable_copy", "pageable_transfer"}),
    "launching": ("graph", {"launch_bound"}),
    "odd": ("even", {"odd_product"}),
}


def _write(folder: Path, name: str) -> Path:
    device = {"id": 0, "name": "NVIDIA A100-SXM4-80GB", "totalGlobalMem": 85_000_000_000}
    path = folder / f"{name}.json"
    path.write_text(
        json.dumps({"schemaVersion": 1, "deviceProperties": [device], "traceEvents": TRACES[name]})
    )
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("performance")
    files = [_write(folder, name) for name in TRACES]
    reference = ROOT / "traces" / "reference"
    files += sorted((ROOT / "genscope" / "example").iterdir())
    files += [reference / f"stable_diffusion-{side}-a100-dry" for side in ("baseline", "flash")]
    with genscope.open(folder / "study.duckdb") as opened:
        assert [found.error for found in opened.ingest(files) if found.error] == []
        yield opened


@pytest.fixture(scope="module")
def found(study: Study) -> list[dict[str, Any]]:
    return study.query("opportunity").to_dicts()


def _of(rows: list[dict[str, Any]], trace: str, kinds: set[str]) -> list[dict[str, Any]]:
    return [row for row in rows if row["trace_name"] == trace and row["kind"] in kinds]


def _summed(study: Study, metric: str, column: str) -> dict[str, int]:
    frame = study.query(metric).group_by("trace_name").agg(pl.col(column).sum())
    return dict(frame.iter_rows())


def test_saving_is_the_difference_of_the_pair(study: Study, found: list[dict[str, Any]]) -> None:
    span = _summed(study, "gpu_time", "gpu_span_ns")
    for broken, (fixed, kinds) in PAIRS.items():
        rows = _of(found, broken, kinds)
        assert {row["kind"] for row in rows} == kinds
        ends = ("saving_low_ns", "saving_ns", "saving_high_ns")
        low, middle, high = (sum(row[end] for row in rows) for end in ends)
        difference = span[broken] - span[fixed]
        assert low <= difference <= high * 1.001
        assert middle == pytest.approx(difference, rel=0.05)
        assert not _of(found, fixed, kinds)


def test_saving_of_fused_attention_is_that_of_the_flash_run(
    study: Study, found: list[dict[str, Any]]
) -> None:
    core = _summed(study, "attention_split", "core_ns")
    for name in ("stable_diffusion-{}-cpu-torch", "stable_diffusion-{}-a100-dry"):
        before, after = name.format("baseline"), name.format("flash")
        rows = _of(found, before, {"unfused_attention"})
        # calls that save under 1 % have no row
        rest = 0.03 * rows[0]["run_ns"]
        low, high = (sum(row[f"saving_{end}_ns"] for row in rows) for end in ("low", "high"))
        assert low <= core[before] - core[after] <= high + rest
        assert not _of(found, after, {"unfused_attention"})


def test_rows_lead_to_what_they_count_and_count_no_work_twice(
    study: Study, found: list[dict[str, Any]]
) -> None:
    every = study.sql("SELECT * FROM opportunity_item")
    work = every.select("trace_id", "work_id").drop_nulls()
    assert work.n_unique() == len(work) > 0
    key = ("trace_id", "kind", "device_id")
    for row in found:
        same = pl.all_horizontal([pl.col(name) == row[name] for name in key])
        place = row["items"].split(" AND place = ", 1)[1].strip("'")
        items = every.filter(same & (pl.col("place") == place))
        assert items["lost_ns"].sum() == row["cost_ns"]
        assert (items["lost_ns"] - items["kept_ns"]).sum() == row["saving_ns"]
    assert study.sql(found[0]["items"])["lost_ns"].sum() == found[0]["cost_ns"]


def test_a_trace_without_a_problem_says_so(study: Study) -> None:
    lines = {
        verdict.trace: [line for line, _ in performance.lines(verdict)]
        for verdict in performance.verdicts(study.path)
    }
    ahead, waiting = lines["running_ahead"], lines["waiting"]
    assert ahead[1] == f"  {performance.NOTHING}"
    assert "  yes      Is the device busy? 99.0 % (at least 80.0 %)" in ahead
    assert waiting[1].startswith("  1. saves about 928 µs of 3.96 ms (23.5 %): host_wait")
    assert "  no       Does the loop run without waiting for the device? 30 (at most 2)" in waiting
    cpu = lines["stable_diffusion-flash-cpu-torch"]
    assert cpu[-1] == "  no kernels were recorded, so only operators were judged"


def test_doctor_prints_what_limits_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(_write(tmp_path, "waiting"))
    assert cli.main(["doctor", "--performance", path, "--format", "json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in verdict["opportunities"]] == ["host_wait"]
    assert cli.main(["doctor", "--performance", path, "--repair", str(tmp_path / "out.json")]) == 2
    assert "use one at a time" in capsys.readouterr().err
