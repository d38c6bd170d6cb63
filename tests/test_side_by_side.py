"""Statements that don't need each other run at the same time, and the others in order."""

import time
from functools import partial
from threading import Barrier

import duckdb
import pytest

from genscope.analyze.load import held, memory, side_by_side
from genscope.analyze.load.scratch_arrays import Scratch
from genscope.analyze.load.side_by_side import Step, run_steps


def _create(con: duckdb.DuckDBPyConnection, *, name: str, select: str) -> None:
    con.execute(f"CREATE TABLE {name} AS {select}")


def _table(name: str, select: str, *needs: str) -> Step:
    return Step(partial(_create, name=name, select=select), set(needs))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_sees_what_it_needs(workers: int) -> None:
    steps = {
        "a": _table("a", "SELECT 1 AS n", "not a step"),
        "b": _table("b", "FROM range(1000) AS t (n)"),
        "c": _table("c", "SELECT n FROM a UNION ALL SELECT n FROM b", "a", "b"),
        "d": _table("d", "SELECT sum(n) AS n FROM c", "c"),
    }
    with duckdb.connect() as con:
        con.execute("ATTACH ':memory:' AS other")
        con.execute("SET search_path = 'other.main,memory.main'")
        run_steps(con, steps, workers=workers)
        assert con.execute("SELECT n::INTEGER FROM other.main.d").fetchall() == [(499_501,)]


def test_two_steps_run_at_the_same_time() -> None:
    both = Barrier(2)

    def meet(_con: duckdb.DuckDBPyConnection) -> None:
        both.wait(timeout=30)

    with duckdb.connect() as con:
        run_steps(con, {name: Step(meet, set()) for name in ("a", "b")}, workers=2)


def test_what_most_steps_wait_for_comes_first() -> None:
    started: list[str] = []
    both = Barrier(2)

    def note(_con: duckdb.DuckDBPyConnection, *, name: str) -> None:
        started.append(name)
        # no third one before the first two have begun
        if len(started) <= 2:
            both.wait(timeout=30)

    needs = {"x": (), "y": (), "z": (), "c": ("b",), "b": ("a",), "a": ()}
    steps = {name: Step(partial(note, name=name), set(needed)) for name, needed in needs.items()}
    with duckdb.connect() as con:
        run_steps(con, steps, workers=2)
    assert "a" in started[:2]
    assert sorted(started) == sorted(needs)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failure_is_raised_and_nothing_that_needs_it_runs(workers: int) -> None:
    steps = {
        "a": _table("a", "FROM missing"),
        "b": _table("b", "SELECT 1 AS n", "a"),
        "c": _table("c", "SELECT 1 AS n", "b"),
    }
    with duckdb.connect() as con:
        with pytest.raises(duckdb.CatalogException, match="missing"):
            run_steps(con, steps, workers=workers)
        assert con.execute("SHOW TABLES").fetchall() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_long_step_gives_memory_back_and_keeps_the_limit(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_by_side, "_LONG_S", -1)
    with duckdb.connect() as con:
        con.execute("SET memory_limit = '133.5 MiB'")
        run_steps(con, {"a": _table("a", "FROM range(1000) AS t (n)")}, workers=workers)
        assert con.execute("SELECT current_setting('memory_limit')").fetchall() == [("133.5 MiB",)]
        with memory._RETRYING:
            con.execute("SET memory_limit = '512MB'")
            memory.give_back(con)
        limit = con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
        assert limit.startswith("488")


def test_two_passes_that_ask_at_the_same_time_get_the_same_arrays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Scratch] = []
    both = Barrier(2)

    def make(con: duckdb.DuckDBPyConnection) -> Scratch:
        made.append(Scratch(con))
        time.sleep(0.05)
        return made[-1]

    monkeypatch.setattr(held, "Scratch", make)
    shared, found = held.Held(), list[Scratch]()

    def ask(con: duckdb.DuckDBPyConnection) -> None:
        both.wait(timeout=30)
        found.append(shared.scratch(con))

    with duckdb.connect() as con:
        run_steps(con, {name: Step(ask, set()) for name in ("a", "b")}, workers=2)
    assert found == made * 2
