"""Your own model gets the same run folder and labels, and afterwards it is as it was."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import capture_traces as traces
import pytest
import torch
from torch import nn
from torch.nn import functional

from genscope.capture.recording import components_of, record
from genscope.capture.script import ScriptRun, capture_script, is_script
from genscope.capture.settings import Settings
from genscope.errors import CaptureError

EXAMPLE = Path(__file__).parents[2] / "examples" / "record_own_model.py"


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_records_its_model(tmp_path: Path) -> None:
    folder = example().main(str(tmp_path))
    assert folder == tmp_path / "my_model-own-cpu-torch"
    card = traces.manifest(folder)
    assert card["model"] == "my-model" and card["steps_profiled"] == 3
    assert card["component_steps_profiled"] == {"text_encoder": 3, "denoiser": 3}
    assert card["attention_seen"] == {"flash": 6}
    assert [e["name"] for e in traces.labels(folder, "step:")] == ["step:0", "step:1", "step:2"]
    kinds = [traces.fields(e["name"])["kind"] for e in traces.labels(folder, "attention:")]
    assert kinds == ["self", "cross"] * 3
    assert traces.head(folder)["genscope"]["predicted"] is False


def test_calls_of_a_whole_request_can_be_said(tmp_path: Path) -> None:
    model = nn.Linear(4, 4)
    with record("own", model, out=tmp_path) as run:
        for _ in range(2):
            model(torch.zeros(1, 4))
            run.step()
        run.facts["component_steps_full"] = {"model": 50}
    card = traces.manifest(run.folder)
    assert (card["component_steps_profiled"], card["component_steps_full"]) == (
        {"model": 1},
        {"model": 50},
    )


def test_the_model_is_as_it_was(tmp_path: Path) -> None:
    components, step = example().workload()
    hooks = [
        len(m._forward_hooks) + len(m._forward_pre_hooks)
        for c in components.values()
        for m in c.modules()
    ]
    state = {name: dict(vars(part)) for name, part in components.items()}
    attention = functional.scaled_dot_product_attention
    with record("own", components=components, out=tmp_path, attention="baseline") as run:
        for _ in range(2):
            step()
            run.step()
    assert hooks == [
        len(m._forward_hooks) + len(m._forward_pre_hooks)
        for c in components.values()
        for m in c.modules()
    ]
    assert {name: vars(part).keys() for name, part in components.items()} == {
        name: before.keys() for name, before in state.items()
    }
    assert functional.scaled_dot_product_attention is attention
    assert traces.manifest(run.folder)["attention_seen"] == {"unfused": 2}


def test_recording_twice_makes_two_folders(tmp_path: Path) -> None:
    first, second = example().main(str(tmp_path)), example().main(str(tmp_path))
    assert second.name == f"{first.name}-2"


def test_an_error_in_the_block_leaves_nothing_and_comes_out(tmp_path: Path) -> None:
    components, step = example().workload()
    with (
        pytest.raises(ZeroDivisionError),
        record("own", components=components, out=tmp_path) as run,
    ):
        step()
        run.step()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_no_recorded_step_is_said(tmp_path: Path) -> None:
    components, step = example().workload()
    with (
        pytest.raises(CaptureError, match=r"No step was recorded: step\(\) was called once"),
        record("own", components=components, out=tmp_path) as run,
    ):
        step()
        run.step()
    assert list(tmp_path.iterdir()) == []


class Scheduler:
    def step(self, x: torch.Tensor) -> torch.Tensor:
        return x * 0.5


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def decode(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x) + 1


def test_a_pipeline_given_whole_has_its_own_components(tmp_path: Path) -> None:
    parts = {
        "unet": nn.Linear(4, 4),
        "vae": Decoder(),
        "scheduler": Scheduler(),
        "tokenizer": object(),
        "safety": None,
    }
    pipeline = SimpleNamespace(components=parts)
    x = torch.randn(2, 4)
    with torch.no_grad(), record("pipe", pipeline, out=tmp_path) as run:
        for _ in range(3):
            parts["vae"].decode(parts["scheduler"].step(parts["unet"](x)))
            run.step()
    calls = traces.manifest(run.folder)["component_steps_profiled"]
    assert calls == {"unet": 2, "scheduler": 2, "vae": 2}
    assert "decode" not in vars(parts["vae"]) and "step" not in vars(parts["scheduler"])
    modules = {e["name"] for e in traces.labels(run.folder, "module:")}
    assert modules == {"module:unet|Linear", "module:vae.layer|Linear"}


def test_what_has_no_module_is_refused() -> None:
    with pytest.raises(CaptureError, match="There is no torch module in the int"):
        components_of(3)


@pytest.mark.parametrize("name", ["my unet", "a,b", "a|b", "a=b", ""])
def test_a_name_that_a_label_can_not_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CaptureError, match="A label can't hold the component name"):
        record("own", components={name: nn.Linear(2, 2)}, out=tmp_path)


SCRIPT = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn, zeros

@dataclass
class Sizes:
    width: int = 4

def workload():
    model = nn.Linear(Sizes().width, 4)
    return model, lambda: model(zeros(1, 4))
"""


def test_a_script_may_hold_a_dataclass(tmp_path: Path) -> None:
    script = tmp_path / "script_with_dataclass.py"
    script.write_text(SCRIPT)
    folder = capture_script(f"{script}:workload", ScriptRun(steps=1, out=tmp_path))
    assert traces.manifest(folder)["component_steps_profiled"] == {"model": 1}


def test_a_script_without_a_step_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="--steps is 0, but it must be at least 1"):
        capture_script(f"{EXAMPLE}:workload", ScriptRun(steps=0, out=tmp_path))


def test_a_script_is_recorded_from_its_function(tmp_path: Path) -> None:
    target = f"{EXAMPLE}:workload"
    assert is_script(target) and not is_script("llama:2-7b")
    folder = capture_script(target, ScriptRun(steps=3, out=tmp_path))
    card = traces.manifest(folder)
    assert (card["model"], card["steps_profiled"]) == ("record_own_model", 3)
    assert sorted(card["wall_ns_repeats"])[1] == card["wall_ns"] > 0


def test_a_script_is_timed_with_the_attention_it_is_recorded_with(tmp_path: Path) -> None:
    folder = capture_script(
        f"{EXAMPLE}:workload", ScriptRun(steps=1, attention="baseline", out=tmp_path)
    )
    card = traces.manifest(folder)
    assert card["attention_seen"] == {"unfused": 2}
    assert len(card["wall_ns_repeats"]) == 3 and card["wall_ns"] > 0


def test_options_of_the_catalog_are_refused_for_a_script(tmp_path: Path) -> None:
    target = f"{EXAMPLE}:workload"
    asked = Settings(target, profiler="nsys", batch=2, steps=3)
    with pytest.raises(CaptureError, match="leave --profiler, --batch out"):
        capture_script(target, ScriptRun(out=tmp_path), asked)
    assert list(tmp_path.iterdir()) == []


def encoder() -> nn.Module:
    """torch's own layers take a fused path at inference that calls no Python function."""
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    return nn.TransformerEncoder(layer, 2).eval()


def test_attention_that_no_switch_reaches_is_counted(tmp_path: Path) -> None:
    model, x = encoder(), torch.randn(2, 10, 32)
    with torch.no_grad(), record("own", model, out=tmp_path) as run:
        for _ in range(2):
            model(x)
            run.step()
    card = traces.manifest(run.folder)
    assert card["attention_labelled"] == {}
    assert card["attention_seen"] == {"aten::_transformer_encoder_layer_fwd": 2}


def test_a_backward_pass_is_no_attention_call_of_its_own(tmp_path: Path) -> None:
    model, x = nn.MultiheadAttention(32, 4, batch_first=True), torch.randn(2, 10, 32)
    with record("own", model, out=tmp_path, attention="flash") as run:
        for _ in range(2):
            model(x, x, x, need_weights=False)[0].sum().backward()
            run.step()
    names = [operator["name"] for operator in traces.operators(run.folder)]
    assert "aten::_scaled_dot_product_flash_attention_for_cpu_backward" in names
    assert traces.manifest(run.folder)["attention_seen"] == {"flash": 1}


def test_attention_that_no_switch_reaches_is_an_error_if_one_is_asked_for(tmp_path: Path) -> None:
    model, x = encoder(), torch.randn(2, 10, 32)
    with (
        pytest.raises(
            CaptureError, match=r"baseline can't replace it \(2 x aten::_transformer_encoder"
        ),
        torch.no_grad(),
        record("own", model, out=tmp_path, attention="baseline") as run,
    ):
        for _ in range(2):
            model(x)
            run.step()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere.py:f", "There is no file nowhere.py"),
        (f"{EXAMPLE}:nope", "has no function 'nope'"),
        (f"{EXAMPLE}:Denoiser", "must return \\(model, step\\)"),
    ],
)
def test_a_wrong_script_is_said(tmp_path: Path, target: str, words: str) -> None:
    with pytest.raises(CaptureError, match=words):
        capture_script(target, ScriptRun(out=tmp_path))
