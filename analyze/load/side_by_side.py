"""Fill tables that don't need each other at the same time, each on one thread.

A statement on two threads takes up to half more processor time than on one, because most tables have too
few rows to share out. Two statements on a thread each keep both cores busy without that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Condition

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
        _work(con, _Waiting(steps))
        return
    path = con.execute("SELECT current_setting('search_path')").fetchall()[0][0]
    waiting = _Waiting(_most_awaited_first(steps))
    with ThreadPoolExecutor(workers, thread_name_prefix="step") as pool:
        running = [pool.submit(_work_on_own, con.cursor(), path, waiting) for _ in range(workers)]
        try:
            for worker in running:
                worker.result()
        finally:
            # an error or an interrupt waits for the steps that have begun
            waiting.stop()


class _Waiting:
    """The steps that are still to run, in order. Workers take them: to hand one over would take as long as a short one."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self._steps = dict(steps)
        self._missing = {name: set(step.needs & steps.keys()) for name, step in steps.items()}
        self._changed = Condition()

    def take(self) -> tuple[str, Step] | None:
        """The first step that can run, once there is one; None if none is left."""
        with self._changed:
            while self._steps:
                for name in self._steps:
                    if not self._missing[name]:
                        return name, self._steps.pop(name)
                self._changed.wait()
        return None

    def finish(self, name: str) -> None:
        with self._changed:
            for missing in self._missing.values():
                missing.discard(name)
            self._changed.notify_all()

    def stop(self) -> None:
        with self._changed:
            self._steps.clear()
            self._changed.notify_all()


def _work_on_own(con: duckdb.DuckDBPyConnection, path: str, waiting: _Waiting) -> None:
    with con:
        con.execute(f"SET search_path = '{path}'")
        con.execute("SET enable_progress_bar = false")
        _work(con, waiting)


def _work(con: duckdb.DuckDBPyConnection, waiting: _Waiting) -> None:
    try:
        while taken := waiting.take():
            name, step = taken
            _run(con, step)
            waiting.finish(name)
    except BaseException:
        waiting.stop()
        raise


def _most_awaited_first(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The steps, in order of how many others need them, directly or through others."""
    readers: dict[str, set[str]] = {name: set() for name in steps}
    for name, step in steps.items():
        for needed in step.needs & steps.keys():
            readers[needed].add(name)

    @cache
    def awaiting(name: str) -> frozenset[str]:
        return frozenset(readers[name]).union(*map(awaiting, readers[name]))

    return dict(sorted(steps.items(), key=lambda item: -len(awaiting(item[0]))))


def _run(con: duckdb.DuckDBPyConnection, step: Step) -> None:
    begun = time.thread_time()
    step.run(con)
    if time.thread_time() - begun > _LONG_S:
        give_back(con)
