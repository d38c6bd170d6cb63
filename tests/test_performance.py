"""The saving that a trace with a problem predicts, against the trace in which the problem is fixed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from constructed_runs import PAIRS, TRACES, write_trace

import genscope
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.cli import performance

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("performance")
    files = [write_trace(folder, name) for name in TRACES]
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
    every = study.sql(
        "SELECT * FROM opportunity_item UNION ALL BY NAME SELECT * EXCLUDE wait_ns FROM straggler_item"
    )
    work = every.select("trace_id", "work_id").drop_nulls()
    assert work.n_unique() == len(work) > 0
    key = ("trace_id", "kind", "device_id")
    for row in found:
        same = pl.all_horizontal([pl.col(name) == row[name] for name in key])
        place = row["items"].split(" AND place = ", 1)[1].strip("'")
        items = every.filter(same & (pl.col("place") == place))
        assert items["lost_ns"].sum() == row["cost_ns"]
        assert (items["lost_ns"] - items["kept_ns"]).sum() == row["saving_ns"]
    for row in (found[0], *_of(found, "late-0", {"straggler"})):
        assert study.sql(row["items"])["lost_ns"].sum() == row["cost_ns"]


def test_nobody_is_late_without_all_ranks(study: Study, tmp_path: Path) -> None:
    with genscope.open(tmp_path / "study.duckdb") as opened:
        opened.ingest([write_trace(tmp_path, "late-0")])
        kinds = set(opened.query("opportunity")["kind"])
    assert kinds == {"exposed_communication"}


def test_a_trace_without_a_problem_says_so(study: Study) -> None:
    lines = {
        verdict.trace: [line for line, _ in performance.lines(verdict)]
        for verdict in performance.verdicts(study.path)
    }
    ahead, waiting = lines["running_ahead"], lines["waiting"]
    assert ahead[1] == f"  {performance.NOTHING}"
    assert (
        "  yes      Is the device busy? 99.0 % of the time from its first event to its last (at least 80.0 %)"
        in ahead
    )
    assert waiting[1].startswith(
        "  1. saves 58 µs to 928 µs of 3.96 ms (1.5 % to 23.5 %): host_wait"
    )
    assert performance.ORDER not in "".join(waiting)
    assert ", of which a fix is expected to save " in waiting[3]
    assert (
        "  no       Does the loop run without waiting for the device? "
        "30 waits of one kind (at most 2)"
    ) in waiting
    cpu = lines["stable_diffusion-flash-cpu-torch"]
    assert cpu[-1] == "  no kernels were recorded, so only operators were judged"


def test_what_findings_are_in_order_of_is_printed(study: Study) -> None:
    (verdict,) = (one for one in performance.verdicts(study.path) if one.trace == "waiting")
    (row,) = verdict.opportunities
    bound = row | {"certainty": "at_most", "place_rank": 2}
    printed = [line for line, _ in performance.lines(replace(verdict, opportunities=(row, bound)))]
    assert printed[1] == f"  {performance.ORDER}"
    assert sum("is expected to save" in line for line in printed) == 1


def test_a_busy_share_says_what_it_hides() -> None:
    busy = {"question_order": 1, "value": 0.9, "threshold": 0.8, "answer": "yes"}
    gpu = {"gpu_span_ns": 1000, "gpu_busy_ns": 900, "kernel_busy_ns": 100}
    step = {"basis": "host", "step": None, "step_ns": 2000, "edge_ns": 1000}
    assert [*performance._busy_notes([busy], [gpu], [step, step | {"basis": "device"}])] == [
        "kernels run for 10.0 % of it, and copies alone for 80.0 %",
        "not in it: 1 µs of 2 µs of the recording (50.0 %), before the device's first event or after its last",
    ]
    few, short = gpu | {"kernel_busy_ns": 750}, step | {"step": 1, "edge_ns": 300}
    several = step | {"edge_ns": None}
    for steps in ([short], [several], []):
        assert not [*performance._busy_notes([busy], [few], steps)]
    assert not [*performance._busy_notes([busy | {"value": None}], [gpu], [step])]
    idle = busy | {"value": 0.01, "answer": "no"}
    said = [
        performance._nothing(performance.Verdict("t", False, None, (), (row,), ()))[0]
        for row in (busy, idle)
    ]
    assert said[0].strip() == performance.NOTHING
    assert said[1].endswith("run, but the device is busy for 1.0 % of it: idle_time says why")


def test_doctor_prints_what_limits_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_trace(tmp_path, "waiting"))
    assert cli.main(["doctor", "--performance", path, "--format", "json"]) == 0
    (verdict,) = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in verdict["opportunities"]] == ["host_wait"]
    assert cli.main(["doctor", "--performance", path, "--repair", str(tmp_path / "out.json")]) == 2
    assert "use one at a time" in capsys.readouterr().err
