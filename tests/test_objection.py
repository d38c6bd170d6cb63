"""What DuckDB objects to is one sentence, with names of ours that are near a mistyped one."""

from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze.app.sql_worker import Result, answer
from genscope.analyze.study import Study
from genscope.errors import UserError


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT * FROM kernal", "kernal does not exist; did you mean kernel?"),
        ("SELECT * FROM gpu_tim", "did you mean gpu_time"),
        ("SELECT * FROM main.kernal", "did you mean kernel?"),
        ("SELECT * FROM interval_unio('kernel')", "did you mean interval_union"),
        ("SELECT * FROM kernel_row", "did you mean kernel_rule or kernel_rate or kernel?"),
        ("SELECT * FROM xyzzy", "does not exist; SHOW TABLES lists those that there are"),
        ("SELECT * FROM kernel()", "kernel has no parameters and no schema: write FROM kernel"),
        (
            "SELECT * FROM interval_union",
            r"interval_union takes parameters: write interval_union(source)",
        ),
        ("SELECT * FROM launch_queue(length := 2)", "write launch_queue(full_length := 1024), or"),
        ("SELECT nam FROM kernel", '"nam" not found in FROM clause; did you mean name?'),
        ("SELECT k.nam FROM kernel AS k", "did you mean name?"),
        (
            "SELECT dur_n FROM kernel JOIN work USING (trace_id)",
            "mean kernel.dur_ns or work.dur_ns?",
        ),
        ("WITH a AS (SELECT 1 AS my_count) SELECT my_cont FROM a", "did you mean my_count?"),
        ('SELECT * FROM kernel WHERE name = "gemm"', "; a text needs single quotes: 'gemm'"),
        ("SELECT lenth(name) FROM kernel", "did you mean length?"),
        (
            "SELECT works.work_ns FROM work",
            'Referenced table "works" not found; did you mean work?',
        ),
        ("SELECT CAST('a' AS INTEGER)", "statement: Could not convert string 'a' to INT32"),
    ],
)
def test_a_mistyped_name_is_answered_with_near_ones(study: Path, statement: str, said: str) -> None:
    with Study(study) as opened, pytest.raises(UserError) as raised:
        opened.sql(statement)
    text = str(raised.value)
    assert said in text and "study.kernel" not in text and "Error:" not in text
    assert answer(Result(study), {"do": "open", "sql": statement})[0] == {"error": text}
