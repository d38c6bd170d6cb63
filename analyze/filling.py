"""Fill tables from SQL files, those at the same time that do not read each other.

One INSERT uses one processor for much of its time, so two run side by side where they may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

import duckdb

from analyze.sql_file import SqlFile

# sorts spill to disk, hash tables of some joins do not: tried in turn when the limit in force fails
_LARGER_LIMITS = ("512MB", "1GB", "2GB", "4GB", "8GB")


def fill(
    con: duckdb.DuckDBPyConnection,
    files: Iterable[SqlFile],
    run: Callable[[duckdb.DuckDBPyConnection, SqlFile], None],
) -> None:
    """Run every file after those it reads, each over a cursor of its own, as many at once as `con` has threads."""
    workers = int(con.execute("SELECT current_setting('threads')").fetchall()[0][0])

    def once(file: SqlFile) -> SqlFile:
        with con.cursor() as cursor:
            # a nested-loop ASOF join of a short list with millions of rows takes hours
            cursor.execute("SET asof_loop_join_threshold = 0")
            run(cursor, file)
        return file

    with ThreadPoolExecutor(workers, thread_name_prefix="fill") as pool:
        for started in _in_turn(
            {file.name: file for file in files}, lambda f: pool.submit(once, f)
        ):
            started.result()


def with_room(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Run a statement; if it can't be done within the memory limit, within one that is larger."""
    for limit in _LARGER_LIMITS:
        try:
            con.execute(statement)
            return
        except duckdb.OutOfMemoryException:
            con.execute(f"SET memory_limit = '{limit}'")
    con.execute(statement)


def _in_turn(
    files: dict[str, SqlFile], start: Callable[[SqlFile], Future[SqlFile]]
) -> Iterator[Future[SqlFile]]:
    order = TopologicalSorter(
        {name: [i for i in file.inputs if i in files and i != name] for name, file in files.items()}
    )
    order.prepare()
    running: set[Future[SqlFile]] = set()
    while order.is_active():
        running |= {start(files[name]) for name in order.get_ready()}
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future
            order.done(future.result().name)
