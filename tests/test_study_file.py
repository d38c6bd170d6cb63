"""The file of a study: made whole or not at all, cleaned up after the dead, refused for its real cause."""

import os
import re
import sqlite3
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.connect import why_not_opened
from genscope.analyze.load import leftovers, tables
from genscope.analyze.load.ingest import ingest
from genscope.analyze.load.study_file import create_if_missing
from genscope.analyze.study import Study
from genscope.cli import app as cli
from genscope.errors import UserError
from tests.test_ingest_batch import write_trace

pytestmark = pytest.mark.loads_for()
NO_LINKS = [PermissionError(1, "Operation not permitted"), OSError(95, "Not supported")]


@pytest.mark.parametrize("error", NO_LINKS, ids=["exfat", "smb"])
def test_a_study_is_made_where_there_are_no_hard_links(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "link", fails)
    study = tmp_path / "s.duckdb"
    assert create_if_missing(study)
    assert study.read_bytes() == tables.empty_study()
    before = study.stat().st_ino
    assert not create_if_missing(study)
    assert study.stat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.duckdb"]


def test_without_links_a_study_is_never_put_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "s.duckdb"

    def another_is_first(*_: object) -> None:
        study.write_text("of another process")
        raise NO_LINKS[0]

    monkeypatch.setattr(os, "link", another_is_first)
    assert not create_if_missing(study)
    assert study.read_text() == "of another process"
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.duckdb"]


def test_an_empty_file_becomes_a_study(tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    study.touch()
    assert [r.status for r in ingest(study, [write_trace(tmp_path / "t.json")])] == ["loaded"]


def test_a_load_removes_what_killed_ones_left(tmp_path: Path) -> None:
    study = tmp_path / "s[1].duckdb"
    left = ["s[1].duckdb.ingest-7/0/trace.duckdb", "s[1].duckdb.tmp/duckdb_temp_storage_S-0.tmp"]
    left += ["s[1].duckdb.77.part"]
    others = ["s1.duckdb.ingest-7/x", "s[1].duckdb.mine.part", "other.duckdb.77.part"]
    for name in left + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    ingest(study, [write_trace(tmp_path / "t.json")])
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert kept == {*others, "s[1].duckdb", "t.json"}
    assert not (tmp_path / "s[1].duckdb.tmp").exists()


def test_a_folder_of_the_users_that_looks_like_a_leftover_stays(tmp_path: Path) -> None:
    mine = tmp_path / "s.duckdb.tmp" / "mine"
    mine.parent.mkdir()
    mine.touch()
    leftovers.remove_leftovers(tmp_path / "s.duckdb")
    assert mine.exists()


def test_what_a_load_spills_goes_with_its_scratch_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    copy = tables.copy_into

    def watched(con: duckdb.DuckDBPyConnection, scratch: Path) -> None:
        seen.append(con.execute("SELECT current_setting('temp_directory')").fetchall()[0][0])
        copy(con, scratch)

    monkeypatch.setattr(tables, "copy_into", watched)
    paths = [write_trace(tmp_path / f"{i}.json", i + 1) for i in range(2)]
    ingest(tmp_path / "s.duckdb", paths)
    assert len(seen) == 2
    assert all(Path(folder).parent.name.startswith("s.duckdb.ingest-") for folder in seen)


def test_the_log_of_a_study_that_was_deleted_is_not_written_into_the_next(tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    create_if_missing(study)
    child = os.fork()
    if child == 0:
        con = duckdb.connect(str(study))
        con.execute("INSERT INTO user_kernel_rule VALUES (1, 'old', 'copy')")
        os._exit(0)
    os.waitpid(child, 0)
    assert study.with_name("s.duckdb.wal").exists(), "this test needs a log that was not merged"
    study.unlink()
    ingest(study, [write_trace(tmp_path / "t.json")])
    with Study(study) as opened:
        assert opened.sql("SELECT * FROM user_kernel_rule").is_empty()


@pytest.mark.parametrize("kept", [1000, 5000, 20_000, 300_000])
@pytest.mark.parametrize("how", ["cut", "filled"])
def test_a_damaged_study_is_one_line_that_says_so(
    kept: int, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "s.duckdb"
    whole = tables.empty_study()
    study.write_bytes(whole[:kept] + (b"\xff" * (len(whole) - kept) if how == "filled" else b""))
    trace = write_trace(tmp_path / "t.json")
    for command in (["query", "ledger"], ["ingest", str(trace)]):
        assert cli.main([*command, "--db", str(study)]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "damaged" in said and "another process" not in said and "room" not in said


def test_a_sqlite_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.sqlite"
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE t (a)")
    con.commit()
    con.close()
    before = path.read_bytes()
    trace = write_trace(tmp_path / "t.json")
    for command in (["query", "ledger"], ["ingest", str(trace)]):
        assert cli.main([*command, "--db", str(path)]) == 2
        said = capsys.readouterr().err
        assert "not a DuckDB database" in said and said.count("\n") == 1
    assert path.read_bytes() == before


def test_the_cause_is_not_read_out_of_other_words() -> None:
    def why(text: str) -> str:
        return why_not_opened(duckdb.IOException(f"IO Error: {text}"))

    held = 'Could not set lock on file "s": Conflicting lock is held in /usr/bin/x (PID 12). See'
    assert why(held).startswith("another process (PID 12) has it open")
    assert "damaged" in why("Corrupt database file: computed checksum 1 in block 3")
    for text in ('Cannot open file "lock/block.duckdb": Permission denied', "No locks available"):
        assert "another process" not in why(text) and text in why(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("CREATE TABLE t AS SELECT 1 AS a", "is not a study; create a study with"),
        (
            "CREATE TABLE cpu_op AS SELECT 1 AS trace_id; "
            "CREATE TABLE genscope_schema AS SELECT 2 AS version, '' AS tables_sha256",
            "an older genscope made this study (schema version 2, ",
        ),
    ],
    ids=["foreign", "older"],
)
def test_a_load_says_what_is_wrong_with_the_file(content: str, said: str, tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    with duckdb.connect(str(study)) as con:
        con.execute(content)
    before = study.read_bytes()
    with pytest.raises(UserError, match=re.escape(said)):
        ingest(study, [write_trace(tmp_path / "t.json", 1)])
    assert study.read_bytes() == before


def test_a_folder_is_no_study_to_load_into(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="this is a folder"):
        ingest(tmp_path, [write_trace(tmp_path / "t.json", 1)])
