"""docs/scale.md holds what bench/scale_page.py makes of the measured files."""

from bench.scale_page import measured, page
from tests.conftest import ROOT


def test_the_page_is_fresh() -> None:
    text = (ROOT / "docs" / "scale.md").read_text()
    assert page(text, *measured()) == text


def test_what_was_not_measured_is_said() -> None:
    cell = {
        "traces": 10,
        "workers": 0,
        "parts": 5,
        "bytes": 10**9,
        "wall_s": 60.0,
        "cpu_s": 50.0,
        "ask_cpu_s": 20.0,
        "lake_bytes": 10**6,
        "asked": {
            "gpu_time": {"wall_s": 10.0, "merge_s": 1.0},
            "rank_outlier": {"wall_s": 15.0, "merge_s": 2.0},
        },
        "peak_mb": 200.0,
        "load": [1.0, 2.0],
        "date": "1 Jan 2026",
        "cores": 2,
    }
    cells = [cell, cell | {"workers": 1}, cell | {"workers": 4, "cpu_s": 80.0}]
    study = {"traces": 100, "bytes": 10**7, "cpu_s": 40.0, "cpu_s_a_trace": [0.4], "peak_mb": 300.0}
    study |= {"study_bytes": 10**6, "load": [1.0, 1.0]}
    run = {
        "workload": "plain",
        "megabytes": 1000,
        "reader": "genscope",
        "cpu_s": 18.0,
        "bytes": 10**9,
    }
    text = page(
        "<!-- measured -->\nold\n<!-- end of measured -->", {"cells": cells}, study, {"runs": [run]}
    )
    assert "| 0 | 10 | 5 | 10 | 5.00 | 10.0 (1.0) | 15.0 (2.0) | 20.0 | 1 | 200 | 1 to 2 |" in text
    assert "Each further worker adds 10 CPU seconds" in text and "old" not in text
    assert "More than 10 traces were not loaded" in text
    # 4,096 x 18 s are 20.5 hours, of 64 cores 19 minutes; 2.6 s a part to ask
    assert "20 core hours, or 19 minutes on 64 cores" in text
    assert "takes 177 core" in text and "or 166 seconds on 64 cores" in text
