"""No connection loads an extension, whatever file it is given."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.connect import connect


@pytest.mark.parametrize("name", ["study.duckdb", ":memory:"])
def test_nothing_is_installed_or_loaded_by_itself(name: str, tmp_path: Path) -> None:
    path = name if name == ":memory:" else tmp_path / name
    with connect(path, config={"autoload_known_extensions": True, "threads": 1}) as con:
        settings = con.execute(
            "SELECT current_setting('autoinstall_known_extensions'), "
            "current_setting('autoload_known_extensions'), current_setting('threads')"
        ).fetchall()
        # st_point is of an extension that DuckDB knows
        with pytest.raises(duckdb.CatalogException, match="spatial"):
            con.execute("SELECT st_point(1, 2)")
        loaded = con.execute(
            "SELECT extension_name FROM duckdb_extensions() "
            "WHERE loaded AND install_mode <> 'STATICALLY_LINKED'"
        ).fetchall()
    assert settings == [(False, False, 1)]
    assert loaded == []


@pytest.mark.parametrize("kind", ["sqlite", "text", "short"])
@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_of_another_program_is_refused_and_kept(
    kind: str, read_only: bool, tmp_path: Path
) -> None:
    path = tmp_path / "other.db"
    if kind == "sqlite":
        with sqlite3.connect(path) as con:
            con.execute("CREATE TABLE kernel (name TEXT)")
        con.close()
    else:
        path.write_bytes(b"no database" * 300 if kind == "text" else b"a")
    before = path.read_bytes()
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB"):
        connect(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_prefix_of_a_name_is_part_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    connect("sqlite:x.db").close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["sqlite:x.db"]


def test_an_asof_join_is_never_a_loop() -> None:
    with connect() as con:
        con.execute("CREATE TABLE a AS SELECT 0 AS track, range AS at FROM range(100)")
        con.execute("CREATE TABLE few AS SELECT 0 AS track, 5 AS at")
        plan = con.execute(
            "EXPLAIN SELECT * FROM few ASOF JOIN a ON few.track = a.track AND few.at >= a.at"
        ).fetchall()
    assert "ASOF_JOIN" in str(plan) and "NESTED_LOOP" not in str(plan)
