"""docs/performance.md is what bench/performance_page.py makes of the measured file."""

import json

from bench.performance_page import page
from tests.conftest import ROOT


def test_the_page_is_fresh() -> None:
    measured = (
        json.loads((ROOT / "bench" / f"{name}.json").read_text())
        for name in ("ingest", "queries", "workbench")
    )
    assert (ROOT / "docs" / "performance.md").read_text() == page(*measured)


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


def test_the_workbench_has_a_row_for_each_size_and_misses_are_said() -> None:
    run = {
        "events": 10_000,
        "load": [0.5, 2.0],
        "slices": 12_000,
        "first_visit_s": {"overview": 1.0, "plots": 3.0},
        "second_visit_s": {"overview": 0.2, "plots": 0.5},
        "zoom_steps_s": {"median": 0.1, "worst": 0.2},
        "sort_s": 0.1,
        "filter_s": 0.75,
        "server_mb": 400,
        "together_mb": 900,
    }
    text = page(
        {"machine": {}, "date": "1 Jan 2026", "runs": []},
        workbench={"date": "2 Jan 2026", "cores": 2, "runs": [run]},
    )
    assert (
        "| 10,000 | 12,000 | 1.0, 0.2 | 3.0, 0.5 | 0.20 | 0.10 | 0.75 | 400, 900 | 0.5 to 2.0 |"
        in text
    )
    assert "the slowest page, plots, the first time 3 s, 2 wanted: missed 1.5-fold" in text
    assert "a zoom step at worst 0.2 s, 0.25 wanted: met" in text
    assert "a table 0.75 s, 0.5 wanted: missed 1.5-fold" in text
