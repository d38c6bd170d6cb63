"""A run folder is there whole or not at all, is not made twice, and an error that a user can fix is one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import capture_traces as traces
import pytest
import torch

from genscope.capture import manifest, run_folder
from genscope.capture.attention.switch import Switch, switched
from genscope.capture.profilers import dry
from genscope.capture.session import capture
from genscope.capture.settings import Settings, resolved
from genscope.capture.suite import plan, suite, summary
from genscope.errors import CaptureError

SMALL = Settings("llama", profiler="dry")


def test_folder_holds_manifest_and_trace_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = capture(SMALL, tmp_path)
    assert folder == tmp_path / "llama-flash-a100-dry"
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "trace.json.gz"]
    assert list(tmp_path.iterdir()) == [folder]


def test_finished_run_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = capture(SMALL, tmp_path)
    monkeypatch.setattr(dry, "record", lambda *_: pytest.fail("made again"))
    assert capture(SMALL, tmp_path) == folder


def test_run_with_other_settings_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first = capture(SMALL, tmp_path)
    other = Settings("llama", profiler="dry", batch=2)
    assert capture(other, tmp_path) == tmp_path / f"{first.name}-2" == capture(other, tmp_path)


def test_manifest_is_written_before_the_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def record(_: Settings, folder: Path) -> dict[str, Any]:
        seen.update(json.loads((folder / "manifest.json").read_text()))
        (folder / "trace.json.gz").write_bytes(b"")
        return {"steps_full": 7}

    monkeypatch.setattr(dry, "record", record)
    folder = capture(SMALL, tmp_path)
    assert (seen["model"], seen["predicted"], seen["steps_full"]) == ("llama", True, None)
    assert traces.manifest(folder)["steps_full"] == 7


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_a_run_that_dies_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def record(_: Settings, folder: Path) -> dict[str, Any]:
        (folder / "trace.json.gz").write_bytes(b"half")
        raise error

    monkeypatch.setattr(dry, "record", record)
    with pytest.raises(error):
        capture(SMALL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(
    tmp_path: Path,
) -> None:
    dead = tmp_path / ".llama-flash-a100-dry.partial-99999999"
    alive = tmp_path / f".llama-flash-a100-dry.partial-{os.getppid()}"
    dead.mkdir()
    alive.mkdir()
    folder = capture(SMALL, tmp_path)
    assert set(tmp_path.iterdir()) == {folder, alive}


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        (
            Settings("wan", batch=2, attention="baseline"),
            ["--batch", "--attention flash", "--frames", "--image-size"],
        ),
        (Settings("llama", size="paper", device="cpu"), ["--dtype bfloat16", "--size tiny"]),
    ],
)
def test_out_of_memory_names_what_to_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, advice: list[str]
) -> None:
    from genscope.capture.profilers import torch_profiler

    def record(*_: object) -> dict[str, Any]:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB")

    monkeypatch.setattr(torch_profiler, "record", record)
    with pytest.raises(CaptureError) as raised:
        capture(settings, tmp_path)
    assert all(word in str(raised.value) for word in advice)
    assert "Tried to allocate" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings("nope"), ["model 'nope'", "stable_diffusion"]),
        (Settings("llama:9b"), ["variant", "3.1-8b"]),
        (Settings("llama", profiler="gdb"), ["profiler 'gdb'", "torch"]),
        (Settings("llama", attention="fast"), ["attention 'fast'", "baseline"]),
        (Settings("llama", size="huge"), ["size 'huge'", "paper"]),
        (Settings("llama", steps=0), ["--steps is 0", "at least 1"]),
        (Settings("llama", image_size=64), ["llama takes neither", "--image-size"]),
        (
            Settings("stable_diffusion", frames=4),
            ["stable_diffusion takes --image-size only", "leave --frames out"],
        ),
        (Settings("llama", profiler="dry", device="cuda"), ["device", "a100", "h100"]),
        (Settings("llama", device="tpu"), ["device 'tpu'", "cuda"]),
        (Settings("llama", device="cuda:first"), ["device 'cuda:first'", "cuda:<number>"]),
        (Settings("llama", device="cpu:0"), ["device 'cpu:0'", "choose cpu"]),
        (Settings("llama", dtype="float8"), ["dtype 'float8'", "bfloat16"]),
        (Settings("llama", device="cpu", attention="cudnn"), ["on cpu", "cudnn"]),
        (Settings("llama", device="cpu", attention="fa4"), ["on cpu", "fa4"]),
    ],
)
def test_mistakes_are_refused_with_what_is_expected(
    tmp_path: Path, settings: Settings, words: list[str]
) -> None:
    with pytest.raises(CaptureError) as raised:
        capture(settings, tmp_path)
    assert all(word in str(raised.value) for word in words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["torch", "diffusers", "transformers.models"])
def test_a_missing_package_of_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    def record(*_: object) -> dict[str, Any]:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    monkeypatch.setattr(dry, "record", record)
    with pytest.raises(CaptureError, match=rf"{package}, .*pip install 'genscope\[capture\]'"):
        capture(SMALL, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_module_of_another_kind_is_no_mistake_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def record(*_: object) -> dict[str, Any]:
        raise ModuleNotFoundError("No module named 'typo'", name="typo")

    monkeypatch.setattr(dry, "record", record)
    with pytest.raises(ModuleNotFoundError):
        capture(SMALL, tmp_path)


def test_a_file_in_the_place_of_the_out_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("")
    with pytest.raises(CaptureError, match="traces can't hold a run folder"):
        capture(SMALL, tmp_path / "traces")


def test_no_cuda_device_is_said(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is there")
    with pytest.raises(CaptureError, match="This machine has no CUDA device"):
        capture(Settings("llama", device="cuda"), tmp_path)


def test_a_failed_model_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = dry.record

    def record(settings: Settings, folder: Path) -> dict[str, Any]:
        if settings.model == "phenaki":
            raise ValueError("no video today")
        return original(settings, folder)

    monkeypatch.setattr(dry, "record", record)
    seen: list[str] = []
    runs = suite(
        plan(SMALL, models=("phenaki", "llama")),
        tmp_path,
        progress=lambda run: seen.append(run.settings.model),
    )
    assert [run.error is None for run in runs] == [False, False, True, True]
    assert seen == ["phenaki", "phenaki", "llama", "llama"]
    assert "phenaki baseline: ValueError: no video today" in summary(runs)
    assert "2 of 4 runs are there" in summary(runs)
    assert len(list(tmp_path.iterdir())) == 2


def test_manifest_of_another_schema_is_refused(tmp_path: Path) -> None:
    folder = capture(SMALL, tmp_path)
    card = traces.manifest(folder)
    (folder / "manifest.json").write_text(json.dumps({**card, "genscope_schema": 99}))
    with pytest.raises(CaptureError, match="has schema 99"):
        manifest.read(folder)
    assert not run_folder.find_folder(tmp_path, folder.name, card["asked"]).finished


def test_wrong_label_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If torch ran something else than was asked for, there is no run folder that claims otherwise."""
    run = Switch._run
    monkeypatch.setattr(Switch, "_run", lambda self, asked, _: run(self, asked, "baseline"))
    with pytest.raises(CaptureError, match="labelled flash"):
        capture(Settings("llama", device="cpu"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_defaults_are_filled_in() -> None:
    assert resolved(SMALL).device == "a100" and resolved(SMALL).dtype == "float16"
    assert resolved(Settings("llama", device="cpu")).dtype == "float32"
    with switched(Switch("baseline", "cpu", lambda _: pytest.fail("no call"))):
        assert resolved(Settings("wan", profiler="dry")).dtype == "bfloat16"
