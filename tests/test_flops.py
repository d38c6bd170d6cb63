"""FLOPs from recorded shapes equal what torch's own counter sees, on every tiny model."""

from pathlib import Path

import pytest
from torch.utils.flop_counter import FlopCounterMode

import genscope
from genscope.capture.catalog import MODELS
from genscope.capture.dry.operators import Outcomes, outcome
from genscope.capture.session import capture
from genscope.capture.settings import Settings


@pytest.mark.parametrize("model", MODELS)
def test_flops_equal_torchs_counter(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the counter sees what is worked out, so nothing may be remembered here
    monkeypatch.setattr(
        Outcomes, "of", lambda self, func, args, kwargs: outcome(func, args, kwargs)
    )
    settings = Settings(model, "dry", "baseline", "tiny", steps=1)
    with FlopCounterMode(display=False) as counter:
        run = capture(settings, tmp_path)
    with genscope.open(tmp_path / "study.duckdb") as study:
        study.ingest(run)
        counted = study.sql("SELECT sum(flops)::BIGINT AS flops FROM work_cost")["flops"][0]
        unknown = study.sql(
            "SELECT formula FROM work_cost WHERE flops IS NULL AND formula <> 'none'"
        )
    assert counted == counter.get_total_flops()
    assert unknown.height == 0
