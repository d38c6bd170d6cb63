"""docs/performance.md is what bench/performance_page.py makes of the measured file."""

import json

from bench.performance_page import page
from tests.conftest import ROOT


def test_the_page_is_fresh() -> None:
    measured, asked = (
        json.loads((ROOT / "bench" / f"{name}.json").read_text()) for name in ("ingest", "queries")
    )
    assert (ROOT / "docs" / "performance.md").read_text() == page(measured, asked)


def test_missed_targets_are_said() -> None:
    run = {"workload": "plain", "megabytes": 200, "bytes": 200_000_000, "load": 1.0}
    ours = run | {
        "reader": "genscope",
        "wall_s": 2.0,
        "cpu_s": 3.0,
        "peak_mb": 510,
        "study_bytes": 1,
    }
    peer = run | {"reader": "HTA TraceAnalysis", "error": "KeyError: 'ts'"}
    text = page({"machine": {"cores": 2}, "date": "1 Jan 2026", "runs": [ours, peer]})
    assert "100 MB/s of 130 wanted: missed 1.3-fold" in text
    assert "missed by 10 MB" in text
    assert "stops: KeyError: 'ts'" in text
