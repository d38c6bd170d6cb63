"""No row that rests on a refused trace is shown, whatever column names it, and none that sums it up."""

from __future__ import annotations

from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze import refusal
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.errors import UserError
from tests.effort import part

REASON = "record again with --cuda-graph-trace=node"


def _study(folder: Path, *refused: int) -> Study:
    return Study(study_by_hand.copy_with_refused(folder / "study.duckdb", refused, REASON))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Refused is run-1, the baseline of run-2."""
    return _study(tmp_path, 1)


def test_no_column_of_any_answer_names_a_refused_trace(study: Study) -> None:
    with study:
        # a third of them on each change
        for relation in part(study.relations(), of=3):
            if not refusal.rests_on_device_time(relation):
                continue
            call = "()" if relation.params else ""
            for frame in (study.query(relation.name), study.sql(f"FROM {relation.name}{call}")):
                for column in frame.columns:
                    if column.endswith("trace_id"):
                        assert 1 not in frame[column].to_list(), (relation.name, column)
                    if column.endswith("trace_name"):
                        assert "run-1" not in frame[column].to_list(), (relation.name, column)
        assert study.query("ledger")["trace_id"].to_list().count(1) > 0


def test_a_pair_whose_baseline_is_refused_is_not_shown_and_the_reason_is(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    with study:
        for name in ("flash_speedup", "bottleneck_shift", "operator_shift"):
            assert set(study.query(name)["trace_id"]) == {4}, name
            assert study.query(name, trace="run-2").is_empty()
            assert "left out run-1" in study.left_out(name, trace="run-2")[0]
        breakdown = study.query("operator_breakdown", trace="run-2")
        assert breakdown.height and breakdown["baseline_frac"].null_count() == breakdown.height
    ask = ["query", "flash_speedup", "--trace", "run-2", "--db", str(study.path)]
    assert cli.main(ask) == 0
    assert "left out run-1: kernels inside CUDA graphs" in capsys.readouterr().err


def test_sums_over_traces_leave_refused_ones_out(study: Study, tmp_path: Path) -> None:
    with study:
        groups = study.query("family_contrast").filter(predicted=False)
        assert set(groups["attention"]) == {"flash"}
        sizes = study.query("image_size_scaling")
        assert 1 not in sizes["trace_id"].to_list()
    (tmp_path / "all").mkdir()
    with _study(tmp_path / "all", 1, 2, 3, 4, 5) as every:
        for name in ("family_contrast", "flash_contrast", "step_time", "gpu_time"):
            with pytest.raises(UserError, match=REASON):
                every.query(name)
        assert every.query("ledger").height


def test_a_comparison_with_a_refused_side_is_refused(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    for sides in (["run-1", "run-2"], ["run-2", "run-1"]):
        assert cli.main(["compare", *sides, "--db", str(study.path)]) == 2
        assert REASON in capsys.readouterr().err
    assert cli.main(["compare", "run-[12]", "run-4", "--db", str(study.path)]) == 0
    shown = capsys.readouterr()
    assert "left out run-1" in shown.err
    # of a trace on neither side nothing is said
    assert cli.main(["compare", "run-2", "run-4", "--db", str(study.path)]) == 0
    assert "left out" not in capsys.readouterr().err


def test_a_trace_can_be_chosen_where_rows_name_none(study: Study) -> None:
    with study:
        whole = study.query("family_contrast")
        some = study.query("family_contrast", trace="run-4")
        assert set(some["trace_count"]) == {1}
        assert set(some["predicted"]) == {True} != set(whole["predicted"])
        sides = {"first": "run-*", "second": "run-4"}
        both = study.query("trace_comparison", trace="run-4", params=sides)
        assert both["first_ns"].to_list() == both["second_ns"].to_list()


def test_of_what_is_not_made_of_traces_it_is_said(
    study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ["query", "pareto", "--trace", "run-2", "--db", str(study.path)]
    assert cli.main(ask) == 0
    assert "--trace changes nothing" in capsys.readouterr().err
