"""FLOPs from recorded shapes equal what torch's own counter sees, operator by operator, on every tiny model."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from torch.utils.flop_counter import FlopCounterMode

import genscope
from genscope.analyze.study import Study
from genscope.capture.catalog import MODELS
from genscope.capture.label.sinks import Sink
from genscope.capture.runner import PassResult, Runner
from genscope.capture.session import capture
from genscope.capture.settings import Settings
from tests.effort import part
from tests.loads import loads_for
from tests.made_once import folder_of_all_workers, made_once
from tests.torch_flops import by_operator

# a third on each change
TRIED = part(MODELS, of=3)


@dataclass(frozen=True)
class Counted:
    """One study of every model's run, and what torch counted of each operator of each run."""

    study: Study
    by_torch: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    folder = made_once(folder_of_all_workers(tmp_path_factory) / "flops", _make)
    by_torch = json.loads((folder / "by_torch.json").read_text())
    with genscope.open(folder / "study.duckdb") as study:
        yield Counted(study, by_torch)


def _make(folder: Path) -> None:
    runs = {model: _run(model, folder) for model in TRIED}
    by_torch = {model: flops for model, (_, flops) in runs.items()}
    (folder / "by_torch.json").write_text(json.dumps(by_torch))
    wanted = loads_for("work_cost", "work_op")
    with wanted, genscope.open(folder / "study.duckdb") as study:
        results = study.ingest([run for run, _ in runs.values()])
    assert [result.status for result in results] == ["loaded"] * len(TRIED)


def _run(model: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """The run folder, and the FLOPs of each operator that torch counts while it is made."""
    counter = FlopCounterMode(display=False)
    labelled = Runner.labelled

    def counted(run: Runner, sink: Sink) -> PassResult:
        # inside the recorder, which then answers from memory without keeping anything from the counter
        with counter:
            return labelled(run, sink)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "labelled", counted)
        settings = Settings(model, "dry", "baseline", "tiny", steps=1, dtype="bfloat16")
        run = capture(settings, folder)
    return run, by_operator(counter)


@pytest.mark.parametrize("model", TRIED)
def test_flops_equal_torchs_counter(model: str, counted: Counted) -> None:
    costs = (
        "FROM work_cost JOIN work_op USING (trace_id, work_id) JOIN cpu_op USING (trace_id, op_id) "
        f"JOIN trace USING (trace_id) WHERE model = '{model}'"
    )
    found = counted.study.sql(
        f"SELECT cpu_op.name, sum(flops)::BIGINT {costs} AND flops > 0 GROUP BY ALL"
    )
    unknown = counted.study.sql(f"SELECT formula {costs} AND flops IS NULL AND formula <> 'none'")
    assert dict(found.rows()) == counted.by_torch[model]
    assert unknown.height == 0
