"""What `genscope sql` answers, and what it refuses: whatever could change a file or the process."""

from __future__ import annotations

from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze.question import mentioned
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.errors import UserError

REFUSED = [
    "",
    " ;",
    "-- a comment",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "SELECT getenv('HOME')",
    "SELECT * FROM variable_of_python",
    "COPY (SELECT 1) TO '{out}'",
    "COPY (SELECT 1) TO '{db}.wal'",
    "COPY kernel FROM '/etc/passwd'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{db}.wal'",
    "explain (format json) copy (select 1) to '{out}'",
    "/* first */ EXPLAIN ANALYZE COPY (SELECT 1) TO '{db}.wal'",
    "ATTACH '{out}' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH study",
    "EXPORT DATABASE '{out}'",
    "IMPORT DATABASE '{out}'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET GLOBAL threads = 1",
    "SET VARIABLE x = 1",
    "RESET threads",
    "PRAGMA threads = 1",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "SELECT * FROM enable_logging(storage = 'stdout')",
    'SELECT * FROM system.main."ENABLE_LOGGING"()',
    "DESCRIBE SELECT * FROM enable_logging()",
    "SELECT * FROM json_execute_serialized_sql('{{}}')",
    "SELECT * FROM arrow_scan(1::POINTER, 1::POINTER, 1::POINTER)",
    "SELECT 1; DROP TABLE kernel",
    "SELECT 1; SELECT 2",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO study.main.trace SELECT * FROM trace",
    "DELETE FROM trace",
    "DROP VIEW trace",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "SELECT",
    "SELECT nothing FROM nowhere",
    "SELECT (" * 2000,
]
ANSWERED = [
    ("SELECT 1 AS x", [(1,)]),
    ("WITH a AS (SELECT 1 AS x) FROM a;", [(1,)]),
    ("SELECT x FROM (VALUES (1), (2)) AS v (x) -- a comment", [(1,), (2,)]),
    ("SELECT name FROM (SHOW TABLES) WHERE name = 'kernel'", [("kernel",)]),
    ("SELECT column_name FROM (DESCRIBE trace) LIMIT 1", [("trace_id",)]),
    ("SELECT count(*) AS n FROM (PIVOT trace ON format USING count(*))", [(5,)]),
    ("SELECT " + "1 + " * 400 + "1 AS x", [(401,)]),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb")


def test_only_questions_are_answered(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variable_of_python = [1]  # noqa: F841  SQL must not see it
    before = study.read_bytes()
    with Study(study) as opened:
        for statement in REFUSED:
            with pytest.raises(UserError) as raised:
                opened.sql(statement.format(out=tmp_path / "out", db=study))
            assert "\n" not in str(raised.value), statement
        assert opened.sql("SELECT 1 AS x").rows() == [(1,)]
        with pytest.raises(UserError, match=r"write launch_queue\(full_length := 1024\)"):
            opened.sql("SELECT * FROM launch_queue")
        opened.sql("SELECT * FROM launch_queue()")
    assert cli.main(["sql", "", "--db", str(study)]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert study.read_bytes() == before
    assert [path.name for path in study.parent.iterdir()] == [study.name]
    assert list(tmp_path.iterdir()) == []


def test_questions_of_every_form_are_answered(study: Path) -> None:
    with Study(study) as opened:
        for statement, rows in ANSWERED:
            assert opened.sql(statement).rows() == rows
        plan = opened.sql("EXPLAIN ANALYZE SELECT count(*) FROM trace")
        assert plan.height > 5 and not plan["explain_value"].str.contains("\n").any()


def test_only_so_many_rows_are_fetched(study: Path) -> None:
    with Study(study) as opened:
        frame = opened.sql("SELECT range AS a, 2 AS a FROM range(1000000000)", most_rows=3)
        assert frame.columns == ["a", "a_1"] and frame.rows() == [(0, 2), (1, 2), (2, 2)]
        assert opened.sql("FROM range(0)", most_rows=3).rows() == []


def test_files_are_read_and_written_where_the_user_asks(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    command = ["--db", str(study), "--allow-files"]
    assert cli.main(["sql", f"COPY (SELECT 7 AS x) TO '{out}'", *command]) == 0
    with Study(study, allow_files=True) as opened:
        assert opened.sql(f"FROM read_csv('{out}')").rows() == [(7,)]
        for statement in ("SET threads = 1", "LOAD httpfs", "INSTALL httpfs", "DROP VIEW trace"):
            with pytest.raises(UserError):
                opened.sql(statement)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT content AS n FROM read_text('/etc/passwd')",
        "SELECT 1 AS n; COPY (SELECT 1) TO '{out}'",
        "SELECT n FROM enable_logging()",
    ],
)
def test_own_queries_are_questions_too(query: str, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "mine.sql").write_text(
        "-- mine: a count.\n-- Why:     mine\n-- Grain:   one row\n-- Inputs:  none\n"
        f"-- Columns:\n--   n  count\n{query.format(out=out)}\n"
    )
    with (
        Study(study, queries=[tmp_path]) as opened,
        pytest.raises(UserError, match=r"mine\.sql: "),
    ):
        opened.query("mine")
    assert not out.exists()


def test_a_parameter_default_is_a_value(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.sql").write_text(
        "-- mine: a count.\n-- Why:     mine\n-- Grain:   one row\n-- Inputs:  none\n"
        "-- Params:\n--   n INTEGER = 1)AS/**/TABLE/**/SELECT/**/1;DROP/**/VIEW/**/trace;"
        "CREATE/**/MACRO/**/x(m:=1  a number\n"
        "-- Columns:\n--   n  count\nSELECT n\n"
    )
    with (
        Study(study, queries=[tmp_path]) as opened,
        pytest.raises(UserError, match=r"mine\.sql: a parameter's default"),
    ):
        opened.query("mine")


def test_a_wrong_value_of_a_parameter_is_one_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.sql").write_text(
        "-- mine: a count.\n-- Why:     mine\n-- Grain:   one row\n-- Inputs:  none\n"
        "-- Params:\n--   x INTEGER = 1  a number\n-- Columns:\n--   n  count\nSELECT x AS n\n"
    )
    ask = ["query", "mine", "--db", str(study), "--queries", str(tmp_path), "--param"]
    assert cli.main([*ask, "x=two"]) == 2
    assert capsys.readouterr().err == (
        "genscope: the parameter x of mine is 'two', but it must be an integer (INTEGER); its default is 1\n"
    )
    assert cli.main([*ask, "x=2", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n\n2\n"


def test_only_relations_that_a_statement_may_read_are_made() -> None:
    names = ["gpu_time", "ledger"]
    assert mentioned("SELECT * FROM Gpu_Time -- not gpu_times", names) == ["gpu_time"]
    assert mentioned('FROM "ledger"', names) == ["ledger"]
    assert mentioned("SELECT 1 AS x", names) == []
    for listing in ("SHOW TABLES", "FROM duckdb_views()", "FROM information_schema.tables"):
        assert mentioned(listing, names) == names
