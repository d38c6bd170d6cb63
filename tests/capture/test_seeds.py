"""Workloads that train, tiny: a dry run lists a real one's operators, and every expected number holds in both."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import capture_traces as traces
import pytest
from capture_traces import Captured

import genscope
from genscope.analyze.study import Study
from genscope.capture.catalog import SEEDS

RUNS = [f"{name}:{variant}" for name, entry in SEEDS.items() for variant in entry.variants]
# under a recorder autograd adds gradients up out of place
ADDED_UP = {"aten::add", "aten::add_"}
# copies between host and device, which a run on a CPU doesn't need
COPIES = {"tea:tea": 2}


def dry(captured: Captured, run: str, device: str = "cpu") -> Path:
    return captured(run, profiler="dry", device=device)


@pytest.fixture(scope="module")
def study(captured: Captured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folders = [captured(run, device="cpu") for run in RUNS] + [
        dry(captured, run, "a100") for run in RUNS
    ]
    with genscope.open(tmp_path_factory.mktemp("seeds") / "study.duckdb") as study:
        assert {r.status for r in study.ingest(folders)} == {"loaded"}
        yield study


@pytest.mark.parametrize("run", RUNS)
def test_dry_lists_the_operators_of_a_real_step(captured: Captured, run: str) -> None:
    real = Counter(traces.dispatched(captured(run, device="cpu")))
    with gzip.open(dry(captured, run) / "trace.json.gz", "rb") as file:
        events = json.load(file)["traceEvents"]
    found = Counter(e["name"] for e in events if e.get("cat") == "cpu_op")
    found["aten::_to_copy"] -= COPIES.get(run, 0)
    differ = {n for n in real.keys() | found.keys() if real[n] != found[n]}
    assert {n: (real[n], found[n]) for n in differ - ADDED_UP} == {}
    assert sum(real[n] for n in ADDED_UP) == sum(found[n] for n in ADDED_UP)


def test_every_expected_number_holds(study: Study) -> None:
    found = study.query("expectation")
    wrong = found.filter(~found["holds"].fill_null(value=True))
    assert wrong.select("trace_name", "fact", "place", "expected", "found").rows() == []
    assert {name.partition("-")[0] for name in found["trace_name"]} >= set(SEEDS)


def test_under_one_percent_of_backward_time_has_no_component(study: Study) -> None:
    split = study.query("training_split")
    backward = split.filter(split["pass"] == "backward")
    lost = backward.filter(backward["component"] == "unattributed")
    assert lost["work_ns"].sum() < 0.01 * backward["work_ns"].sum()
