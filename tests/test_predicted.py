"""No predicted time is shown without its interval, or without saying that host gaps are left out.

Columns of predicted times are found by what their header says, so that those of a new query are found too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from genscope.analyze.agent.tools import Agent
from genscope.analyze.predicted import (
    HIGH,
    INTERVAL,
    LOW,
    NO_GAPS,
    SAYING,
    WIDE_HIGH,
    WIDE_LOW,
    mark,
    notes,
    without_common_mark,
)
from genscope.analyze.sql_file import SqlFile, load_layer
from genscope.analyze.study import Study
from genscope.capture.prediction import predict
from genscope.cli.app import main
from tests.test_report_always import ask_only

RUNS = Path(__file__).resolve().parent.parent / "traces" / "lessons"
RUN = "efficient_sam-flash-a100-dry"
# the layers that people ask; what is below them is summed there
SHOWN = [file for layer in ("run", "metric", "app") for file in load_layer(layer)]
# what a header says of a time that nobody measured
SAID = re.compile(r"\b(predicted|expected|should have taken|would save|expected_(\w+_)?ns)\b")
# says how a row's times are known
MARK = re.compile(r"trace\.predicted|'predicted'|times .*are predicted|the runs are predicted")
BOUND = re.compile(r"_(low|high)_(ns|ratio)$")


def _marks(file: SqlFile) -> list[str]:
    return [
        name for name, text in file.columns.items() if MARK.search(text) and name not in INTERVAL
    ]


def _times(file: SqlFile) -> list[str]:
    """The columns whose header says that they are predicted times."""
    return [
        name
        for name, text in file.columns.items()
        if name.endswith("_ns") and SAID.search(text) and not BOUND.search(name)
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """Three dry runs, one of them on a device without fitted rates, and a trace that a CPU measured."""
    folder = tmp_path_factory.mktemp("predicted")
    estimate = predict(RUNS / RUN, "b200", folder)
    example = Path(__file__).resolve().parent.parent / "genscope" / "example"
    measured = example / "stable_diffusion-flash-cpu-torch"
    with Study(folder / "study.duckdb") as opened:
        baseline = RUNS / RUN.replace("flash", "baseline")
        found = opened.ingest([RUNS / RUN, baseline, estimate, measured])
        assert [result.error for result in found if result.error] == []
        yield opened


def test_the_columns_are_found() -> None:
    """The search finds what is known to be a predicted time."""
    found = {file.name: (_times(file), _marks(file)) for file in SHOWN}
    assert found["expected_time"][0] == ["expected_ns", "lost_ns"]
    assert found["work_fact"][0] == ["op_expected_ns"]
    assert found["dead_work"][0] == ["work_ns"]
    assert "saving_ns" in found["opportunity"][0]
    assert found["stage_time"][1] == ["time_source"] and found["flash_speedup"][1] == ["predicted"]
    assert len([name for name, (_, marks) in found.items() if marks]) > 30


@pytest.mark.parametrize("file", [file for file in SHOWN if _times(file)], ids=lambda f: f.name)
def test_a_column_of_predicted_times_has_an_interval_next_to_it(file: SqlFile) -> None:
    for name in _times(file):
        ends = {f"{name.removesuffix('_ns')}_{end}_ns" for end in ("low", "high")}
        assert ends <= file.columns.keys() or file.columns.keys() >= {*INTERVAL}, name


@pytest.mark.parametrize(
    "file", [file for file in SHOWN if file.layer != "run" and _marks(file)], ids=lambda f: f.name
)
def test_rows_that_can_be_predicted_have_their_interval(file: SqlFile) -> None:
    if any(name.endswith("_ns") or "speedup" in name or "frac" in name for name in file.columns):
        assert file.columns.keys() >= {*INTERVAL}


def test_no_answer_shows_a_predicted_time_without_an_interval(study: Study) -> None:
    """Whatever a header says: rows of dry runs with times have an interval, measured ones have none."""
    names = {trace_id for trace_id, name in study.names().items() if name.endswith("-dry")}
    seen = 0
    for file in load_layer("metric"):
        params = {"first": "*flash-a100*", "second": "*baseline*"}
        given = {name: value for name, value in params.items() if name in file.params}
        for row in study.query(file.name, params=given).to_dicts():
            trace_id = row.get("trace_id", min(names))
            timed = [key for key, value in row.items() if key.endswith("_ns") and value]
            if timed and file.columns.keys() & {*SAYING}:
                assert (row["time_low_ratio"] is None) is (trace_id not in names), (file.name, row)
                assert bool(mark(row)) is (trace_id in names), (file.name, row)
                seen += 1
            elif timed:
                assert trace_id not in names, f"{file.name} shows {timed} of a dry run, unmarked"
    assert seen > 100


def test_the_interval_is_that_of_the_device(study: Study) -> None:
    rows = study.query("stage_time").to_dicts()
    found = {row["trace_name"].split("-")[2]: [row[name] for name in INTERVAL] for row in rows}
    assert found["a100"] == [LOW, HIGH]
    assert found["b200"] == [WIDE_LOW, WIDE_HIGH]
    assert found["cpu"] == [None, None]
    (wide, fitted) = [
        dict(file.iter_rows())
        for file in [
            study.sql(f"SELECT is_fitted, {name} FROM time_interval")
            for name in ("low_ratio", "high_ratio")
        ]
    ]
    assert (wide, fitted) == ({True: LOW, False: WIDE_LOW}, {True: HIGH, False: WIDE_HIGH})


@pytest.mark.parametrize("fmt", ["table", "csv", "json"])
def test_host_gaps_are_named_next_to_an_answer(
    fmt: str, study: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    db = ["--db", str(study.path)]
    for asked in (
        ["query", "stage_time"],
        ["query", "expected_time"],
        ["compare", "*flash-a100*", "*baseline*"],
        ["compare", "*flash-a100*", "*baseline*", "--by", "operator"],
        ["sql", "SELECT sum(work_ns) AS work_ns FROM work_sum"],
    ):
        main([*asked, *db, "--format", fmt])
        assert NO_GAPS in capsys.readouterr().err, asked
    # of a measured trace nothing is predicted, unless it is compared with what was expected
    main(["query", "stage_time", "--trace", "*-torch", *db, "--format", fmt])
    said = capsys.readouterr()
    assert NO_GAPS not in said.err and ("time_low_ratio" in said.out) is (fmt != "table")
    main(["query", "expected_time", "--trace", "*-torch", *db, "--format", fmt])
    assert NO_GAPS in capsys.readouterr().err


def test_host_gaps_are_named_by_the_other_commands(
    study: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(RUNS / RUN), "--device", "h200", "--out", str(tmp_path)]) == 0
    assert NO_GAPS in capsys.readouterr().err
    assert main(["doctor", "--performance", str(RUNS / RUN)]) == 0
    assert NO_GAPS in capsys.readouterr().out
    picture = ["plot", "stage_time", "--out", str(tmp_path / "p.svg"), "--db", str(study.path)]
    assert main([*picture, "--trace", "*-b200-dry"]) == 0
    assert NO_GAPS in capsys.readouterr().err
    assert "0.56" in (tmp_path / "p.svg").read_text()


def test_an_agent_is_told(study: Study) -> None:
    agent = Agent(study.path)
    try:
        said = [
            agent.query("stage_time"),
            agent.query("expected_time"),
            agent.compare("*flash-a100*", "*baseline*"),
            agent.sql("SELECT sum(work_ns) AS work_ns FROM work_sum"),
        ]
    finally:
        agent.close()
    assert all(NO_GAPS in str(answer["notes"]) for answer in said)
    assert {"expected_ns", "expected_low_ns", "expected_high_ns"} <= set(said[1]["columns"])


def test_the_report_says_it(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_only(monkeypatch, "stage_time")
    page = study.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert NO_GAPS in page and f"x {LOW} to {HIGH}" in page and "x 0.56 to 1.7" in page


def test_measured_answers_need_no_note(study: Study) -> None:
    assert notes(study.query("stage_time", trace="*-torch")) == []
    assert notes(study.rows("stage_time", trace="*-b200-dry"))


def test_a_mark_that_all_labels_have_is_said_once() -> None:
    marked = ["a (predicted, x 0.75 to 1.3) · unet", "b (predicted, x 0.75 to 1.3)"]
    assert without_common_mark(marked) == (["a · unet", "b"], "predicted, x 0.75 to 1.3")
    for mixed in (["a (predicted, x 0.56 to 1.7)", marked[1]], [marked[0], "measured"], ["a", "b"]):
        assert without_common_mark(mixed) == (mixed, "")
