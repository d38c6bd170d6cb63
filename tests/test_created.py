"""What several queries read is computed once, and their answers stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import study_by_hand

from genscope.analyze.study import Study
from tests.effort import part

# both rest on gap_item
TWO = ("opportunity", "performance_check")


def _copied(folder: Path, *refused: int) -> Study:
    return Study(study_by_hand.copy_with_refused(folder / "study.duckdb", refused))


def _tables(study: Study) -> set[str]:
    # a study's own tables are in a database of their own
    rows = (
        study.prepared("SELECT 1")
        .execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory'")
        .fetchall()
    )
    return {str(name) for (name,) in rows}


@pytest.mark.parametrize("refused", [(), (1,)], ids=["all", "one_refused"])
def test_answers_from_shared_tables_are_those_from_views(
    tmp_path: Path, refused: tuple[int, ...]
) -> None:
    with _copied(tmp_path, *refused) as alone, Study(alone.path) as sharing:
        sharing.share(file.name for file in sharing.relations())
        # a third of them on each change
        for relation in part(alone.relations(), of=3):
            one, other = (study.answer(relation.name) for study in (alone, sharing))
            assert one.notes == other.notes, relation.name
            assert one.frame.equals(other.frame), relation.name


def test_only_what_two_queries_read_becomes_a_table_and_stays_one(tmp_path: Path) -> None:
    with _copied(tmp_path) as study:
        before = study.query("performance_check")
        assert not _tables(study)
        study.share(TWO)
        assert study.query("performance_check").equals(before)
        found = _tables(study)
        assert "gap_item" in found
        # only opportunity reads it
        assert "copy_loss" not in found
        study.query("opportunity")
        assert study.sql("SELECT count(*) AS n FROM gap_item")["n"].item() >= 0
        study.close()
        assert not _tables(study)
