"""compare as a gate: exit codes, Markdown for a pull request, JUnit for a CI, several traces a side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from genscope.cli import app as cli
from genscope.cli.compare import fraction_of, nanoseconds_of
from genscope.errors import UserError

HOSTILE = "mine|<b>*`x`</b>\x1b[31m"
# name of a trace -> us of its two kernels
TRACES = {
    "old_1": (1000.0, 100.0), "old_2": (1010.0, 101.0), "old_3": (990.0, 99.0),
    "new_1": (1200.0, 90.0), "new_2": (1210.0, 80.0), "new_3": (1190.0, 85.0),
    "near_1": (1015.0, 100.0), "near_2": (1005.0, 100.0),
}  # fmt: skip
OTHER_DEVICE = "other"


def _trace(mm_us: float, other_us: float, device: str) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    for number, (name, us) in enumerate((("aten::mm", mm_us), (HOSTILE, other_us)), start=1):
        ts = 10_000 * number
        events += [
            {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": 9,
             "args": {"External id": number, "Input Dims": [[2, 3], [3, 4]]}},
            {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1,
             "ts": ts + 1, "dur": 2, "args": {"correlation": number}},
            {"ph": "X", "cat": "kernel", "name": f"k{number}", "pid": 0, "tid": 7, "ts": ts + 5,
             "dur": us, "args": {"correlation": number, "device": 0, "stream": 7}},
        ]  # fmt: skip
    return {"deviceProperties": [{"id": 0, "name": device}], "traceEvents": events}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("compare")
    for name, times in TRACES.items():
        (folder / f"{name}.json").write_text(json.dumps(_trace(*times, "NVIDIA A100")))
    (folder / f"{OTHER_DEVICE}.json").write_text(json.dumps(_trace(10, 10, "NVIDIA H100")))
    path = folder / "study.duckdb"
    assert cli.main(["ingest", str(folder / "*.json"), "--db", str(path)]) == 0
    return str(path)


def _compare(study: str, first: str, second: str, *options: str) -> int:
    return cli.main(["compare", first, second, "--db", study, *options])


@pytest.mark.parametrize(
    ("second", "level", "limit", "status"),
    [
        ("new_?", "operator", "3%", 1),
        ("new_?", "operator", "30%", 0),
        # the ranges of the two sides touch
        ("near_?", "operator", "0%", 0),
        ("new_?", "shape", "0.03", 1),
        ("new_?", "class", "3%", 1),
        (OTHER_DEVICE, "kernel", "3%", 2),
    ],
)
def test_exit_status_is_the_verdict(
    study: str, second: str, level: str, limit: str, status: int
) -> None:
    assert _compare(study, "old_?", second, "--by", level, "--fail-above", limit) == status


def test_a_floor_hides_small_differences(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    gate = ("--by", "operator", "--fail-above", "3%", "--floor")
    assert _compare(study, "old_?", "new_?", *gate, "0.3ms") == 0
    assert "; changes of up to 300 µs don't count)" in capsys.readouterr().err
    assert _compare(study, "old_?", "new_?", *gate, "100us") == 1


def test_without_a_limit_nothing_fails(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _compare(study, "old_?", "new_?", "--by", "operator", "--format", "json") == 0
    shown = capsys.readouterr()
    rows = {row["op_name"]: row for row in json.loads(shown.out)}
    assert (rows["aten::mm"]["a_ns"], rows["aten::mm"]["b_ns"]) == (1_000_000, 1_200_000)
    assert rows["aten::mm"]["verdict"] == "regressed"
    assert rows["aten::mm"]["chance_frac"] == pytest.approx(1 / 20)
    said = "2 regressions by operator (1.1 ms to 1.29 ms, +17.3 %; by chance in 5.0 % of cases)"
    assert said in shown.err


def test_markdown_is_a_table_that_names_cannot_break(
    study: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--by", "operator", "--format", "markdown", "--floor", "1us")
    assert _compare(study, "old_?", "new_?", *options, "--fail-above", "3%") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "**genscope compare**: 2 regressions by operator (1.1 ms to 1.29 ms, +17.3 %"
    )
    table = [line for line in lines if line.startswith("|")]
    assert table[3] == "| aten::mm | 1 ms | 1.2 ms | +200 µs (+20.0%) | regressed |"
    assert table[4].startswith(r"| mine\|\<b\>\*\`x\`\</b\>\\x1b\[31m | 100 µs | 85 µs | -15 µs")
    assert len(table) == 5
    assert lines[-1].startswith("A row has changed if")


def test_a_refused_gate_has_no_table(study: str, capsys: pytest.CaptureFixture[str]) -> None:
    gate = ("--by", "operator", "--fail-above", "3%", "--format")
    said = f"old_1 and {OTHER_DEVICE} can't be compared: the devices differ"
    assert _compare(study, "old_1", OTHER_DEVICE, *gate, "table") == 2
    shown = capsys.readouterr()
    assert shown.out == "" and said in shown.err
    assert _compare(study, "old_1", OTHER_DEVICE, *gate, "markdown") == 2
    shown = capsys.readouterr()
    assert shown.out == f"**genscope compare**: {said.replace('_', chr(92) + '_')}.\n"
    # programs get the reason in every row
    assert _compare(study, "old_1", OTHER_DEVICE, *gate, "json") == 2
    assert "the devices differ" in capsys.readouterr().out


@pytest.mark.parametrize(("second", "is_refused"), [(OTHER_DEVICE, True), ("new_1", False)])
def test_a_plain_comparison_says_first_that_the_gate_refuses_it(
    study: str, capsys: pytest.CaptureFixture[str], second: str, is_refused: bool
) -> None:
    assert _compare(study, "old_1", second) == 0
    shown = capsys.readouterr()
    said = "genscope: trace_comparison: --fail-above refuses this comparison: the devices differ"
    assert shown.out and (shown.err.splitlines()[:1] == [said]) == is_refused


def test_junit_has_a_failure_per_regression(study: str, tmp_path: Path) -> None:
    out = tmp_path / "gate.xml"
    options = ("--by", "operator", "--format", "junit", "--out", str(out))
    assert _compare(study, "old_?", "new_?", *options, "--fail-above", "3%") == 1
    suite = ElementTree.parse(out).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "0")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["all", "aten::mm"]
    assert _compare(study, "old_?", OTHER_DEVICE, *options, "--fail-above", "3%") == 2
    suite = ElementTree.parse(out).getroot()
    assert suite.get("errors") == "1"
    assert "the devices differ" in str(suite.findtext("system-err"))


def test_amounts_are_read_with_their_unit() -> None:
    assert [fraction_of(text) for text in ("3%", "0.03", " 3 % ")] == [0.03] * 3
    assert [nanoseconds_of(text) for text in ("0.1ms", "100us", "100000", "1s")] == [
        *(100_000, 100_000, 100_000),
        1_000_000_000,
    ]
    for read, text in (
        (fraction_of, "3ms"),
        (nanoseconds_of, "3%"),
        (fraction_of, "-1"),
        # 300 %, which no gate means
        (fraction_of, "3"),
        (nanoseconds_of, ""),
    ):
        with pytest.raises(UserError, match="write"):
            read(text)
