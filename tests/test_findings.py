"""What the report finds first of two traces that can't be compared."""

from typing import Any

import polars as pl

from genscope.analyze.predicted import NOTE, notes, notes_of_statement
from genscope.analyze.report.findings import find
from genscope.analyze.report.findings_limits import verdicts


def _two_traces(sources: str, *, complete: bool) -> dict[str, Any]:
    """A study's summary, and the comparison of its traces."""
    summary = {"trace_id": [1, 2], "trace_name": ["first", "second"], "predicted": [False, False]}
    row = {
        "attention_partition": "core",
        "category": "all",
        "time_sources": sources,
        "first_ns": 100,
        "second_ns": 50,
        "difference_ns": -50,
    }
    return {
        "trace_summary": pl.DataFrame(summary | {"complete": [True, complete]}),
        "trace_comparison": pl.DataFrame([row]),
    }


def test_a_trace_that_is_cut_short_is_the_first_finding_and_is_not_compared() -> None:
    first, *others = find(_two_traces("gpu", complete=False))
    assert first.text == (
        "The file of second is cut short: what is said here is of a part of the run."
    )
    assert first.traces == (2,)
    assert {finding.metric for finding in others} == {"trace_summary"}
    compared = find(_two_traces("gpu", complete=True))
    assert compared[-1].text.startswith("The work of second takes 50 ns, 50.0 % less")


def test_times_of_operators_are_not_compared_with_times_of_kernels() -> None:
    for sources in ("cpu, gpu", "cpu, gpu, predicted"):
        text = find(_two_traces(sources, complete=True))[-1].text
        assert text.startswith("first and second are not compared")
    assert "50.0 % less" in find(_two_traces("cpu", complete=True))[-1].text


def test_every_answer_has_the_note_on_both_kinds_of_times() -> None:
    traces = pl.DataFrame({"predicted": [True]})
    for sources, count in (("cpu, gpu", 1), ("gpu", 0), (None, 0)):
        frame = pl.DataFrame({"time_sources": [sources], "first_ns": [1]})
        assert len(notes(frame)) == count
        # a statement of the user's own need not name what is predicted
        assert notes_of_statement(frame, traces) == [NOTE, *notes(frame)]


def test_a_run_is_limited_by_a_gpu_that_only_copies_or_communicates() -> None:
    row = {"trace_id": 1, "trace_name": "a", "step": None, "step_ns": 5, "verdict": "device_bound"}
    parts = {"memcpy_ns": 1, "memset_ns": 1, "communication_ns": 3}
    (found,) = verdicts(pl.DataFrame([row | parts]), {})
    assert found.text == (
        "a is limited by the GPU, which only copies for 40.0 % and only communicates for 60.0 % of the time."
    )
