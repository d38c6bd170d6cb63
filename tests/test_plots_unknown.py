"""A plot shows what is unknown, so that a share isn't read as the whole."""

from __future__ import annotations

from typing import Any

from genscope.analyze.plots import registry


def _rectangles(element: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in element.data.to_numpy()]


def test_calls_of_unknown_length_are_part_of_the_bar() -> None:
    import pandas as pd

    shares = {"request_call_frac": [0.25, 0.75], "request_core_frac": [0.5, 0.5]}
    rest = dict.fromkeys(("model", "image_size", "attention"))
    frame = pd.DataFrame({"trace_id": 1, "trace_name": "run", "query_len": [64, None]} | shares)
    rows = _rectangles(registry.plot_of("sequence_length_distribution")(frame.assign(**rest)))
    assert {(row[0], row[2]) for row in rows} == {(0, 25), (25, 100), (0, 50), (50, 100)}


def test_utilization_says_where_most_flops_are_unknown() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "trace_id": 1, "trace_name": "run", "scope": "profile", "work_ns": 9,
            "component": ["all", "vae"], "costed_frac": [0.1, 0.9], "busy_mfu": [0.02, 0.2],
            "mfu": [0.01, None],
        }
    )  # fmt: skip
    rows = {row[4]: row[2] for row in _rectangles(registry.plot_of("mfu")(frame))}
    assert rows == {
        "all, while kernels run (FLOPs mostly unknown)": 2, "vae": 20,
        "all, idle time included (FLOPs mostly unknown)": 1,
    }  # fmt: skip
