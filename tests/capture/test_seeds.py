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
from genscope.capture.models.efficient_sam import SHAPES
from genscope.capture.parts import resnet, resnet50, wide_resnet
from genscope.capture.parts.mask_decoder import decoder_flops
from genscope.capture.parts.sam_encoder import encoder_flops
from genscope.capture.script import ScriptRun, capture_script
from genscope.capture.settings import Settings
from genscope.capture.suite import seeds
from tests.effort import part
from tests.loads import loads_for

RUNS = [f"{name}:{variant}" for name, entry in SEEDS.items() for variant in entry.variants]
# one variant of each on each change
TRIED = [
    f"{name}:{variant}"
    for name, entry in SEEDS.items()
    for variant in part(entry.variants, of=len(entry.variants))
]
# under a recorder autograd adds gradients up out of place
ADDED_UP = {"aten::add", "aten::add_"}
# copies between host and device, which a run on a CPU doesn't need
COPIES = {
    "tea:tea": 2,
    "simple_hhea:host-eval": 2,
    "simple_hhea:gpu-eval": 1,
    "robust_rec:tce": 2,
    "llmcrs:rlpf": 1,
}
# which groups are empty depends on values
BY_VALUE = ("legonet:grouped",)
# loading a trace takes a second: these are loaded as real runs too
LOADED = ("tea:tea",)
SCRIPT = """
import torch


def step():
    net = torch.nn.Linear(8, 4)
    unread = torch.nn.Linear(8, 4)
    images = torch.randn(2, 3, 8)
    optimizer = torch.optim.Adam(net.parameters())

    def run():
        optimizer.zero_grad()
        loss = net(images).square().mean()
        unread(images.detach()).sum()
        loss.backward()
        optimizer.step()
        return loss.item()

    return {"net": net, "unread": unread}, run


def on_the_host():
    net = torch.nn.Linear(8, 4, device="cpu")
    return net, lambda: net(torch.ones(2, 8, device="cpu"))
"""


def dry(captured: Captured, run: str) -> Path:
    return captured(run, profiler="dry", device="cpu")


@pytest.mark.parametrize(
    ("gmac", "found"),
    [
        (2980.5, encoder_flops(SHAPES["sam-h"], 64, 256)[0]),
        (486.0, encoder_flops(SHAPES["sam-b"], 64, 256)[0]),
        (245.6, encoder_flops(SHAPES["s"], 64, 256)[0]),
        (102.3, encoder_flops(SHAPES["ti"], 64, 256)[0]),
        (1.84, decoder_flops(256, 2048, 64)),
        (5.24, wide_resnet.forward_flops(28, 10, 10, batch=1, side=32)),
        (0.5555, resnet.forward_flops(64, 10, batch=1, side=32)),
        (4.087, resnet50.forward_flops(64, batch=1, side=224)),
    ],
)
def test_forward_passes_cost_what_is_published(gmac: float, found: int) -> None:
    assert found / 2e9 == pytest.approx(gmac, rel=0.0025)


def test_a_suite_has_every_variant_with_its_own_batch() -> None:
    runs = seeds(Settings("llama", "dry", size="paper"))
    assert [run.model for run in runs] == RUNS
    assert {run.name: run.batch for run in runs}["milan"] == 256


@pytest.fixture(scope="module")
def study(captured: Captured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    real = [captured(run, device="cpu") for run in LOADED]
    with genscope.open(tmp_path_factory.mktemp("seeds") / "study.duckdb") as study:
        with loads_for("component_scale", "expectation", "training_split"):
            results = study.ingest([*real, *(dry(captured, run) for run in TRIED)])
        assert [result.error for result in results if result.status != "loaded"] == []
        yield study


def test_a_pass_is_the_whole_request(study: Study) -> None:
    # a step that calls a network 23 times is not 23 steps
    scales = study.sql("SELECT DISTINCT request_scale FROM component_scale")
    assert scales["request_scale"].to_list() == [1]


@pytest.mark.parametrize("run", [run for run in TRIED if run not in BY_VALUE])
def test_dry_lists_the_operators_of_a_real_step(captured: Captured, run: str) -> None:
    real = Counter(traces.dispatched(captured(run, device="cpu")))
    with gzip.open(dry(captured, run) / "trace.json.gz", "rb") as file:
        events = json.load(file)["traceEvents"]
    # views are listed only where backward work has their number
    found = Counter(
        e["name"]
        for e in events
        if e.get("cat") == "cpu_op" and ("Input Dims" in e["args"] or "External id" in e["args"])
    )
    found["aten::_to_copy"] -= COPIES.get(run, 0)
    differ = {n for n in real.keys() | found.keys() if real[n] != found[n]}
    assert {n: (real[n], found[n]) for n in differ - ADDED_UP} == {}
    assert sum(real[n] for n in ADDED_UP) == sum(found[n] for n in ADDED_UP)


def test_every_expected_number_holds(study: Study) -> None:
    found = study.query("expectation")
    wrong = found.filter(~found["holds"].fill_null(value=True))
    assert wrong.select("trace_name", "fact", "place", "expected", "found").rows() == []
    assert set(study.traces()["name"]) == set(found["trace_name"])
    # only a trace of a CPU leaves numbers open
    assert {n.rpartition("-")[2] for n in found.filter(found["holds"].is_null())["trace_name"]} <= {
        "torch"
    }


def test_under_one_percent_of_backward_time_has_no_component(study: Study) -> None:
    split = study.query("training_split")
    backward = split.filter(split["pass"] == "backward")
    lost = backward.filter(backward["component"] == "unattributed")
    assert lost["work_ns"].sum() < 0.01 * backward["work_ns"].sum()


def test_a_script_is_recorded_dry_with_what_nothing_reads(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SCRIPT)
    asked = ScriptRun(steps=2, out=tmp_path, profiler="dry", device="h100")
    folder = capture_script(f"{tmp_path}/mine.py:step", asked)
    operators = traces.operators(folder)
    names = {op["args"].get("External id"): op["name"] for op in operators}
    card = traces.manifest(folder)
    assert [names[dead["operator"]] for dead in card["dead_work"]] == [
        "aten::addmm",
        "aten::sum",
    ] * 2
    reads = [op for op in operators if op["args"].get("Concrete Inputs", [])[:1] == ["DtoH"]]
    assert [op["name"] for op in reads] == ["aten::_local_scalar_dense"] * 2
    assert card["component_steps_profiled"] == {"net": 2, "unread": 2}
    with pytest.raises(genscope.UserError, match="without naming a device"):
        capture_script(f"{tmp_path}/mine.py:on_the_host", asked)
