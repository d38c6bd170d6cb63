"""The labels of one run read the same from an Nsight Systems export and from a PyTorch-profiler trace."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import torch
from capture_traces import LABELLED, Captured

import genscope
from genscope.analyze.study import Study
from genscope.capture.label.sinks import NvtxSink
from genscope.capture.runner import runner
from genscope.capture.settings import Settings, resolved
from tests.loads import loads_for
from tests.readers.nsys_export import nvtx, strings, write_export


def _ranges(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[dict[str, Any]]:
    """Rows of NVTX_EVENTS that Nsight Systems would see of one labelled pass, in ticks."""
    rows: list[dict[str, Any]] = []
    opened: list[tuple[int, str]] = []
    ticks = count()

    def pop() -> None:
        start, text = opened.pop()
        rows.append(nvtx(start, next(ticks), text))

    monkeypatch.setattr(
        torch.cuda.nvtx, "range_push", lambda text: opened.append((next(ticks), text))
    )
    monkeypatch.setattr(torch.cuda.nvtx, "range_pop", pop)
    runner(settings).labelled(NvtxSink())
    assert not opened
    return rows


@pytest.fixture(scope="module")
def study(captured: Captured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Each model's run under either profiler: the traces of model i are 2 i + 1 and 2 i + 2."""
    folder = tmp_path_factory.mktemp("nsight")
    paths = []
    for model in LABELLED:
        paths.append(captured(model, profiler="torch", attention="flash", device="cpu"))
        settings = resolved(Settings(model, profiler="nsys", attention="flash", device="cpu"))
        with pytest.MonkeyPatch.context() as patch:
            found = _ranges(patch, settings)
        held = {"StringIds": strings(), "NVTX_EVENTS": found}
        paths.append(write_export(folder / f"{model}.sqlite", held))
    with genscope.open(folder / "study.duckdb") as opened:
        with loads_for():
            results = opened.ingest(paths, jobs=1)
        assert [result.trace_id for result in results] == list(range(1, 2 * len(LABELLED) + 1))
        yield opened


@pytest.mark.parametrize("model", LABELLED)
def test_labels_read_the_same_from_either_profiler(study: Study, model: str) -> None:
    found: list[Counter[tuple[str, str, str]]] = []
    for trace_id in (2 * LABELLED.index(model) + 1, 2 * LABELLED.index(model) + 2):
        labels = study.sql(
            "SELECT kind, name, args FROM annotation WHERE kind IN ('component', 'step', 'module', "
            f"'attention') AND trace_id = {trace_id}"
        ).rows()
        found.append(Counter((kind, name, _fields(args)) for kind, name, args in labels))
    assert {kind for kind, _, _ in found[0]} == {"component", "step", "module", "attention"}
    assert found[0] == found[1]


def _fields(args: str | None) -> str:
    """Fields of a label in one order, without what NVTX adds."""
    fields = json.loads(args or "{}")
    return json.dumps({key: fields[key] for key in sorted(fields) if key != "nvtx"})
