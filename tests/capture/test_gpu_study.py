"""The plan of a GPU study: whole, in pieces, skipping what is done; tried on a CPU with tiny models."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

import genscope
from bench import gpu_study
from bench.gpu_study import Piece, key, left, plan, work
from genscope.capture.catalog import MODELS, SUITE
from genscope.capture.settings import Settings, resolved

TINY = [
    Piece("suite", Settings("llama", attention=attention, device="cpu"), 60)
    for attention in ("baseline", "cudnn", "flash")
]


def test_plan_holds_the_suite_the_sweeps_and_the_modern_models() -> None:
    pieces = plan()
    names = [key(piece.settings) for piece in pieces]
    assert len(set(names)) == len(names)
    suite = [p.settings for p in pieces if p.purpose == "suite"]
    assert {(s.model, s.attention) for s in suite} == set(
        itertools.product(SUITE, ("baseline", "flash", "cudnn", "fa4"))
    )
    sizes = {p.settings.image_size for p in pieces if p.purpose == "image size"}
    assert min(sizes) == 256 and max(sizes) == 1024
    assert {p.settings.name for p in pieces if p.purpose == "modern"} == set(MODELS) - set(SUITE)
    first = [(p.settings.model, p.settings.attention) for p in pieces[:12]]
    assert first == list(itertools.product(gpu_study.FIRST, ("baseline", "flash")))
    # the four that answer most fit into one call
    assert sum(piece.seconds for piece in pieces[:4]) <= gpu_study.LIMIT_S


@pytest.mark.parametrize("tiny", [False, True])
def test_every_run_of_the_plan_is_allowed_and_short(tiny: bool) -> None:
    for piece in plan(tiny=tiny):
        settings = resolved(piece.settings)
        assert settings.device == ("cpu" if tiny else "cuda")
        assert piece.seconds <= gpu_study.LIMIT_S


def test_work_skips_what_is_done_and_what_is_known_to_fail(tmp_path: Path) -> None:
    made = work(TINY, tmp_path)
    assert [run.error is None for run in made] == [True, False, True]
    failed = json.loads((tmp_path / gpu_study.FAILURES).read_text())
    assert (
        list(failed) == ["llama cudnn torch"] and "CUDA devices only" in failed["llama cudnn torch"]
    )
    assert left(TINY, tmp_path) == []
    assert work(TINY, tmp_path) == []


@pytest.mark.loads_for()
@pytest.mark.parametrize("pattern", ["", "*"])
def test_the_list_of_failures_is_no_obstacle_to_an_ingest(tmp_path: Path, pattern: str) -> None:
    runs = tmp_path / "traces"
    work(TINY[:2], runs)
    assert (runs / gpu_study.FAILURES).is_file()
    with genscope.open(tmp_path / "study.duckdb") as study:
        (result,) = study.ingest(runs / pattern)
    assert result.status == "loaded"


def test_work_ends_before_its_limit(tmp_path: Path) -> None:
    clock = itertools.count(0, 50)
    made = work(TINY, tmp_path, limit_s=120, clock=lambda: float(next(clock)))
    assert [run.settings.attention for run in made] == ["baseline"]
    assert [p.settings.attention for p in left(TINY, tmp_path)] == ["cudnn", "flash"]


def test_a_trace_too_large_to_keep_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_study, "LARGEST_BYTES", 10)
    (run,) = work(TINY[:1], tmp_path)
    assert run.error is not None and "over the limit of 10: lower --steps" in run.error


def test_command_says_what_is_left_and_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu_study, "plan", lambda tiny: TINY[:1])
    assert gpu_study.main(["--out", str(tmp_path), "--limit", "0", "--tiny"]) == 3
    assert "0 done, 0 failed, 1 left" in capsys.readouterr().out
    assert gpu_study.main(["--out", str(tmp_path), "--tiny"]) == 0
    assert "1 done, 0 failed, 0 left" in capsys.readouterr().out
