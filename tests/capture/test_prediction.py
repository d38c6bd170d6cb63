"""A dry run predicted for another device: the same operators and ranges, other times."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import genscope
from genscope.capture.dry.devices import devices
from genscope.capture.prediction import predict
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from genscope.errors import CaptureError
from genscope.predictor import timed


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return capture(
        Settings("stable_diffusion", profiler="dry", size="tiny", steps=1),
        tmp_path_factory.mktemp("runs"),
    )


@pytest.fixture(scope="module")
def single_precision(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings("stable_diffusion", "dry", "baseline", "tiny", steps=1, dtype="float32")
    return capture(settings, tmp_path_factory.mktemp("float32"))


def events_of(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "trace.json.gz", "rt", encoding="utf-8") as file:
        return [event for event in json.load(file)["traceEvents"] if event["ph"] == "X"]


def card_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def test_the_same_device_gives_the_same_trace(run: Path, tmp_path: Path) -> None:
    again = predict(run, "a100", tmp_path)
    assert again.name == run.name
    assert events_of(again) == events_of(run)


def test_another_device_moves_only_times(run: Path, tmp_path: Path) -> None:
    other = predict(run, "b200", tmp_path)
    assert other.name == "stable_diffusion-flash-b200-dry"
    here, there = events_of(run), events_of(other)
    assert [(e["name"], e.get("args")) for e in here] == [(e["name"], e.get("args")) for e in there]
    assert [e["dur"] for e in here] != [e["dur"] for e in there]
    card = card_of(other)
    assert card["device_name"] == devices()["b200"].name
    assert card["device"]["peak_bytes_per_s"] == 8e12
    assert card["asked"]["device"] == card["device_asked"] == "b200"
    assert any("an estimate from its data sheet" in one for one in card["assumptions"])
    back = predict(other, "a100", tmp_path / "back")
    assert events_of(back) == here
    assert card_of(back)["assumptions"] == card_of(run)["assumptions"]


@pytest.mark.loads_for("work_arithmetic", "work_category")
@pytest.mark.parametrize(
    ("device", "arithmetic"), [("a100", "tf32"), ("v100", "float32"), ("mi300x", "float32")]
)
def test_float32_convolutions_run_in_tf32_where_torch_does_so(
    single_precision: Path, device: str, arithmetic: str, tmp_path: Path
) -> None:
    """cuDNN takes TF32 by itself where a device has it; on ROCm a program must ask for it. Products never do."""
    run = predict(single_precision, device, tmp_path)
    with genscope.open(tmp_path / "study.duckdb") as study:
        study.ingest(run)
        found = study.sql(
            "SELECT DISTINCT category, arithmetic, peak_flops_per_s FROM work_arithmetic "
            "JOIN work_category USING (trace_id, work_id) WHERE category IN ('linear', 'convolution')"
        ).rows()
    rates = devices()[device].peak_flops_per_s
    assert sorted(found) == [
        ("convolution", arithmetic, rates[arithmetic]),
        ("linear", "float32", rates["float32"]),
    ]


def test_ranges_hold_their_operators(run: Path) -> None:
    events = events_of(run)
    operators = [e for e in events if e["cat"] == "cpu_op"]
    (component,) = [e for e in events if e["name"] == "component:unet"]
    end = component["ts"] + component["dur"]
    inside = [e for e in operators if component["ts"] <= e["ts"] < end - 1e-9]
    assert sum(e["dur"] for e in inside) == pytest.approx(component["dur"])
    for one, following in itertools.pairwise(operators):
        assert following["ts"] == pytest.approx(one["ts"] + one["dur"])


def test_a_gpu_runs_a_convolutions_bias_as_an_operator(run: Path) -> None:
    operators = [e for e in events_of(run) if e["cat"] == "cpu_op"]
    places = [n for n, e in enumerate(operators) if e["name"] == "aten::convolution"]
    biased = [n for n in places if operators[n]["args"]["Input Dims"][2]]
    assert biased
    for place in biased:
        dims = operators[place + 1]["args"]["Input Dims"]
        weight = operators[place]["args"]["Input Dims"][1]
        assert operators[place + 1]["name"] == "aten::add_"
        assert dims[1] == [1, weight[0], 1, 1]


def test_an_operator_without_a_formula_counts_as_an_empty_kernel() -> None:
    event = {
        "ph": "X", "cat": "cpu_op", "name": "aten::mine", "ts": 0, "dur": 1,
        "args": {"External id": 1, "Input Dims": [[4]]},
    }  # fmt: skip
    (found,) = timed([event], device_name="NVIDIA H200", dtype="float16")
    assert found["dur"] == 1.4
    # work of the host has no id, and there may be nothing else
    event["args"] = {}
    (found,) = timed([event], device_name="NVIDIA H200", dtype="float16")
    assert found["dur"] == 0.001


@pytest.mark.parametrize(
    ("device", "words"), [("h300", "is not a device.*h200"), ("cpu", "A GPU and a CPU run other")]
)
def test_a_device_that_it_can_not_be_predicted_for(
    run: Path, tmp_path: Path, device: str, words: str
) -> None:
    with pytest.raises(CaptureError, match=words):
        predict(run, device, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_measured_run_is_refused(run: Path, tmp_path: Path) -> None:
    measured = tmp_path / "measured"
    measured.mkdir()
    card = {**card_of(run), "predicted": False}
    (measured / "manifest.json").write_text(json.dumps(card))
    with pytest.raises(CaptureError, match="only a dry capture"):
        predict(measured, "h200", tmp_path / "out")
