"""A notebook shows a study as a table of its traces."""

from pathlib import Path

import study_by_hand

import genscope


def test_a_study_is_a_table_and_its_answers_are_frames_of_three_kinds(tmp_path: Path) -> None:
    with genscope.open(study_by_hand.copy(tmp_path / "<b>.duckdb")) as study:
        shown = study._repr_html_()
        assert shown.count("<tr>") == 6 and ": 5 traces" in shown
        assert "<b>" not in shown and "&lt;b&gt;" in shown
        frame = study.query("gpu_time")
        assert len(frame.to_pandas()) == frame.to_arrow().num_rows == frame.height == 5


def test_a_study_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    shown = genscope.open(tmp_path / "no.duckdb")._repr_html_()
    assert "there is no such study" in shown and "<table>" not in shown
