"""A wrong command line, and files of another kind: one line says what is needed, and status is 2."""

from pathlib import Path

import pytest
import study_by_hand

from genscope.cli import app as cli


def _fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert cli.main(list(arguments)) == 2
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1 and shown.out == ""
    return shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["query"], "'genscope query' needs NAME (A query from"),
        (["query", "ledger", "--db"], "--db needs a value (The study, a DuckDB file)"),
        (["plot", "ledger", "--ot", "a.png"], "did you mean --out instead of --ot?"),
        (["fleet", "query", "ledger"], "needs --lake (The lake"),
        (["sql", "SELECT", "1"], "'genscope sql' has no place for '1'"),
        (["serve", "--port", "70000"], "A port is a number from 0 to 65535"),
        (["mcp", "--port", "-1"], "A port is a number from 0 to 65535"),
    ],
)
def test_a_wrong_command_line_names_what_is_missing_and_the_commands_help(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _fails(capsys, *arguments)
    command = " ".join(arguments[: 2 if arguments[0] == "fleet" else 1])
    assert said in shown and shown.endswith(f"; see 'genscope {command} --help'\n")


def test_files_that_are_missing_or_of_another_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_by_hand.copy(tmp_path / "study.duckdb")
    trace = tmp_path / "trace.json"
    trace.write_text(
        '{"traceEvents": [{"ph": "X", "cat": "cpu_op", "name": "a", "pid": 1, "tid": 1, "ts": 1, "dur": 1}]}'
    )
    db, nowhere = str(study), str(tmp_path / "nowhere.csv")
    said = _fails(capsys, "load", "fleet_job", nowhere, "--db", db)
    assert "there is no such file" in said
    said = _fails(capsys, "classify", "--rules", nowhere, "--db", db)
    assert "No such file" in said and "Errno" not in said
    assert "this is a study and not a trace" in _fails(capsys, "doctor", db)
    assert "no trace is named" in _fails(capsys, "doctor")
    # a glob leaves a study out
    assert cli.main(["ingest", str(tmp_path / "*"), "--db", str(tmp_path / "other.duckdb")]) == 0
    assert "1 loaded" in capsys.readouterr().out
