"""A study of a stranger's: nothing in its file runs but a scan of its base tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
import study_by_hand

from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.errors import UserError

ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT max(x) FROM t"
IN_PLACE_OF_A_TABLE = [
    "ALTER TABLE trace RENAME TO t; "
    "CREATE VIEW trace AS SELECT t.* FROM t, read_text('/etc/passwd')",
    f"DROP TABLE genscope_schema; CREATE VIEW genscope_schema AS {ENDLESS}",
    f"DROP TABLE work_group; CREATE VIEW work_group AS {ENDLESS}",
    "DROP TABLE user_kernel_rule; CREATE TABLE user_kernel_rule "
    "(rule_order INTEGER, pattern VARCHAR AS (repeat('x', rule_order)), category VARCHAR)",
    "CREATE TABLE t AS SELECT * REPLACE (trace_id::VARCHAR AS trace_id) FROM trace; "
    "DROP TABLE trace; ALTER TABLE t RENAME TO trace",
    "ALTER TABLE work_group ALTER trace_id TYPE VARCHAR",
    "ALTER TABLE kernel_text DROP COLUMN name",
    "DROP TABLE kernel_row",
    f"DROP TABLE kernel_row; CREATE VIEW kernel_row AS {ENDLESS}",
    "ALTER TABLE genscope_schema ALTER version DROP NOT NULL; "
    "UPDATE genscope_schema SET version = NULL",
    "ALTER TABLE genscope_schema ALTER version TYPE VARCHAR",
]
MACROS = [
    "CREATE MACRO sum(x) AS 666",
    "CREATE MACRO regexp_matches(a, b) AS TRUE",
    'CREATE MACRO "+"(a, b) AS 666',
    "CREATE MACRO coalesce_all(x) AS x; CREATE MACRO duckdb_tables() AS TABLE SELECT 1 AS one",
    "CREATE OR REPLACE VIEW ledger AS SELECT 666 AS work_ns",
    f"CREATE OR REPLACE VIEW kernel AS {ENDLESS}; DROP VIEW cpu_op",
    "CREATE OR REPLACE MACRO interval_union(a) AS TABLE SELECT 666 AS trace_id",
    "CREATE SCHEMA other; CREATE MACRO other.sum(x) AS 666; CREATE TYPE mine AS ENUM ('x')",
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.write(tmp_path_factory.mktemp("study") / "study.duckdb")


@pytest.fixture
def study(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "study.duckdb"))


@pytest.mark.parametrize("change", IN_PLACE_OF_A_TABLE)
def test_what_is_no_table_of_ours_is_refused_in_one_line(
    change: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute(change)
    assert cli.main(["query", "ledger", "--db", str(study)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1 and str(study) in shown.err


@pytest.mark.parametrize("macro", MACROS)
def test_macros_and_views_of_the_file_never_run(macro: str, written: Path, study: Path) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute(macro)
    with Study(written) as right, Study(study) as hostile:
        for name in ("ledger", "operator_breakdown", "gpu_time"):
            assert hostile.query(name).equals(right.query(name))
        statement = "SELECT sum(dur_ns) + 1 AS n FROM work WHERE regexp_matches(name, 'flash')"
        assert hostile.sql(statement).equals(right.sql(statement))


def test_a_study_with_a_macro_for_a_builtin_is_not_written(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute("CREATE MACRO sum(x) AS 666")
    rules = tmp_path / "rules.csv"
    rules.write_text("pattern,category\nflash,linear\n")
    assert cli.main(["classify", "--rules", str(rules), "--db", str(study)]) == 2
    shown = capsys.readouterr().err
    assert "sum" in shown and shown.count("\n") == 1


def test_a_table_added_by_hand_is_found_under_the_study(study: Path) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute("CREATE TABLE note AS SELECT 'mine' AS text")
    with Study(study) as opened:
        assert opened.sql("SELECT text FROM study.note").rows() == [("mine",)]


def test_two_studies_of_one_file_share_nothing(study: Path) -> None:
    with Study(study) as one, Study(study, allow_files=True) as other:
        assert one.sql("SELECT count(*) FROM trace").equals(other.sql("SELECT count(*) FROM trace"))
        one.connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
        with pytest.raises(UserError, match="mine does not exist"):
            other.sql("SELECT * FROM mine")


def test_a_name_with_brackets_is_a_name_before_it_is_a_glob(study: Path) -> None:
    with duckdb.connect(str(study)) as con:
        con.execute("UPDATE trace SET name = 'run-[12]' WHERE trace_id = 3")
    with Study(study) as opened:
        assert opened.names("run-[12]") == {3: "run-[12]"}
        assert set(opened.names("run-[2-4]")) == {2, 4}
        assert set(opened.names("run-*")) == {1, 2, 3, 4}
