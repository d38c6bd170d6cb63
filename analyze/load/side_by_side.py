"""Fill tables that don't need each other at the same time, each on one thread.

A statement on two threads takes up to half more processor time than on one, because most tables have too
few rows to share out. Two statements on a thread each keep both cores busy without that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import duckdb

from genscope.analyze.load.memory import give_back

# of processor time: a shorter step leaves little memory behind
_LONG_S = 0.3


@dataclass(frozen=True)
class Step:
    """What to do on a connection, once those of the other steps that it `needs` are done."""

    run: Callable[[duckdb.DuckDBPyConnection], None]
    needs: Set[str]


def run_steps(con: duckdb.DuckDBPyConnection, steps: Mapping[str, Step], *, workers: int) -> None:
    """Run the steps, each after those that it needs; `workers` at a time.

    Those that most others wait for come first: at the end no long chain is left for one worker.
    """
    if workers == 1:
        _run_in_turn(con, steps)
        return
    path = con.execute("SELECT current_setting('search_path')").fetchall()[0][0]
    waiting, done = _most_awaited_first(steps), set[str]()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(workers, thread_name_prefix="step") as pool:
        while waiting or running:
            ready = [n for n, step in waiting.items() if done >= step.needs & steps.keys()]
            for name in ready[: workers - len(running)]:
                step = waiting.pop(name)
                running[pool.submit(_on_own, con.cursor(), path, step)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done.add(running.pop(future))
                future.result()


def _run_in_turn(con: duckdb.DuckDBPyConnection, steps: Mapping[str, Step]) -> None:
    waiting, done = dict(steps), set[str]()
    while waiting:
        for name in [n for n, step in waiting.items() if done >= step.needs & steps.keys()]:
            _run(con, waiting.pop(name))
            done.add(name)


def _most_awaited_first(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The steps, in order of how many others need them, directly or through others."""
    awaiting: dict[str, set[str]] = {name: set() for name in steps}

    def add(name: str, waiter: str) -> None:
        if waiter not in awaiting[name]:
            awaiting[name].add(waiter)
            for needed in steps[name].needs & steps.keys():
                add(needed, waiter)

    for name, step in steps.items():
        for needed in step.needs & steps.keys():
            add(needed, name)
    return dict(sorted(steps.items(), key=lambda item: -len(awaiting[item[0]])))


def _on_own(con: duckdb.DuckDBPyConnection, path: str, step: Step) -> None:
    with con:
        con.execute(f"SET search_path = '{path}'")
        con.execute("SET enable_progress_bar = false")
        _run(con, step)


def _run(con: duckdb.DuckDBPyConnection, step: Step) -> None:
    begun = time.thread_time()
    step.run(con)
    if time.thread_time() - begun > _LONG_S:
        give_back(con)
