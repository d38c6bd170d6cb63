"""Runs under nsys and ncu: the commands, the labels and the errors, with stand-ins for the tools and the GPU."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import torch

from genscope.capture import manifest, session
from genscope.capture.profilers import ncu, nsys, nvidia_tool, nvtx_run
from genscope.capture.settings import Settings, resolved
from genscope.errors import CaptureError

FACTS = {"wall_ns": 5, "image_size": 64, "attention_labelled": {"flash": 1}}
CALL = "attention:kind=self,site=unet.attn1,query_len=64,kv_len=64,implementation=flash"
TOOL = """#!/bin/sh
echo "$@" >> {folder}/calls
for word in "$@"; do
  case "$word" in --output=*) out="${{word#--output=}}";; --log-file=*) out="${{word#--log-file=}}";; esac
  last="$word"
done
case "$1" in
  profile) /bin/cp {folder}/facts.json "$last"; echo report > "$out.nsys-rep";;
  export) [ -f "$last" ] && /bin/cp {folder}/trace.sqlite "$out";;
  *) /bin/cp {folder}/facts.json "$last"; echo counters > "$out";;
esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on PATH with stand-ins for nsys and ncu; what they were called with is in its file 'calls'."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("nsys", "ncu"):
        (folder / name).write_text(TOOL.format(folder=folder))
        (folder / name).chmod(0o755)
    (folder / "facts.json").write_text(json.dumps(FACTS))
    with sqlite3.connect(folder / "trace.sqlite") as con:
        con.execute("CREATE TABLE StringIds (id, value)")
        con.execute('CREATE TABLE NVTX_EVENTS (start, "end", eventType, globalTid, textId, text)')
        flash = "aten::_scaled_dot_product_flash_attention, op_id = 3, sizes = [[1, 8, 64, 40]]"
        con.execute("INSERT INTO StringIds VALUES (1, ?)", [flash])
        rows = [
            (0, 100, 59, 8, None, CALL),
            (10, 60, 59, 8, 1, None),
            (1, None, 34, 8, None, "mark"),
        ]
        con.executemany("INSERT INTO NVTX_EVENTS VALUES (?, ?, ?, ?, ?, ?)", rows)
    con.close()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def _settings(profiler: str, device: str = "cuda") -> Settings:
    return resolved(Settings("stable_diffusion", profiler=profiler, device=device))


def _calls(tools: Path) -> list[list[str]]:
    return [line.split() for line in (tools / "calls").read_text().splitlines()]


def test_nsys_records_one_pass_and_exports_it(tools: Path, tmp_path: Path) -> None:
    facts = nsys.record(_settings("nsys"), tmp_path)
    assert facts == {**FACTS, "attention_seen": {"flash": 1}}
    assert (tmp_path / "trace.sqlite").is_file()
    profile, export = _calls(tools)
    assert {
        "--trace=cuda,nvtx",
        "--cuda-graph-trace=node",
        "--capture-range=cudaProfilerApi",
    } <= set(profile)
    assert profile[-4:-2] == ["-m", "genscope.capture.profilers.nvtx_run"]
    assert export[:2] == ["export", "--type=sqlite"]
    assert not list(tmp_path.glob("*.nsys-rep")), "one trace a run folder"


def test_ncu_writes_the_raw_page(tools: Path, tmp_path: Path) -> None:
    assert ncu.record(_settings("ncu"), tmp_path) == FACTS
    assert (tmp_path / "metrics.csv").read_text() == "counters\n"
    (command,) = _calls(tools)
    assert {"--profile-from-start=off", "--csv", "--page=raw"} <= set(command)
    assert f"--metrics={','.join(ncu.METRICS)}" in command


def test_the_run_folder_is_like_any_other(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_device_word", lambda settings: "h100")
    folder = session.capture(_settings("nsys"), tmp_path / "traces")
    assert folder.name == "stable_diffusion-flash-h100-nsys"
    assert sorted(p.name for p in folder.iterdir()) == ["manifest.json", "trace.sqlite"]
    card = manifest.read(folder)
    assert (card.profiler, card.predicted, card.wall_ns) == ("nsys", False, 5)
    assert card.attention_seen == {"flash": 1}


@pytest.mark.parametrize("profiler", ["nsys", "ncu"])
def test_without_the_tool_or_a_gpu_it_says_what_to_do(
    profiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CaptureError, match=f"{profiler} isn't on PATH; install Nsight"):
        nvidia_tool.found(profiler, _settings(profiler))
    with pytest.raises(
        CaptureError, match=f"{profiler} records CUDA devices only, and this run uses cpu"
    ):
        nvidia_tool.found(profiler, _settings(profiler, "cpu"))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo first >&2; echo 'out of memory' >&2; exit 2",
            "ncu --profile-from-start=off failed: out of",
        ),
        ("exit 7", "ncu --profile-from-start=off failed: exit status 7"),
        ("exit 0", "ncu ended, but the run under it didn't finish"),
        ("echo '==ERROR== ERR_NVGPUCTRPERM' > {log}; exit 1", "CAP_SYS_ADMIN"),
    ],
)
def test_a_run_that_fails(tools: Path, tmp_path: Path, script: str, message: str) -> None:
    log = tmp_path / "metrics.csv"
    (tools / "ncu").write_text(f"#!/bin/sh\n{script.format(log=log)}\n")
    with pytest.raises(CaptureError, match=message):
        ncu.record(_settings("ncu"), tmp_path)
    facts = tmp_path / "facts.json"
    assert not facts.exists()


def test_only_the_labelled_pass_is_recorded_and_its_ranges_close(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[str] = []
    shapes: list[dict[str, Any]] = []

    def emit_nvtx(**options: Any) -> contextlib.AbstractContextManager[None]:
        shapes.append(options)
        return contextlib.nullcontext()

    monkeypatch.setattr(torch.autograd.profiler, "emit_nvtx", emit_nvtx)
    monkeypatch.setattr(torch.cuda.profiler, "start", lambda: seen.append("start"))
    monkeypatch.setattr(torch.cuda.profiler, "stop", lambda: seen.append("stop"))
    monkeypatch.setattr(torch.cuda.nvtx, "range_push", seen.append)
    monkeypatch.setattr(torch.cuda.nvtx, "range_pop", lambda: seen.append("pop"))
    settings = resolved(Settings("llama", profiler="ncu", attention="math", device="cpu", steps=1))
    asked, facts = tmp_path / "settings.json", tmp_path / "facts.json"
    asked.write_text(json.dumps(vars(settings)))
    assert nvtx_run.main([str(asked), str(facts)]) == 0
    assert (seen[0], seen[-1], seen.count("start"), seen.count("stop")) == ("start", "stop", 1, 1)
    depth = 0
    for word in seen[1:-1]:
        depth += -1 if word == "pop" else 1
        assert depth >= 0
    assert depth == 0
    assert shapes == [{"record_shapes": True}]
    kinds = {word.partition(":")[0] for word in seen}
    assert {"component", "step", "module", "attention"} <= kinds
    found = json.loads(facts.read_text())
    assert "wall_ns" not in found and found["attention_labelled"]


def test_a_run_that_cannot_be_made_says_why_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = tmp_path / "settings.json"
    asked.write_text(json.dumps(vars(_settings("nsys"))))
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert nvtx_run.main([str(asked), str(tmp_path / "facts.json")]) == 2
    assert "This machine has no CUDA device" in capsys.readouterr().err
