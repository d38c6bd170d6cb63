"""Let Ctrl-C end a query at once.

DuckDB checks for signals only between its steps, and a step can take minutes. So the query runs in its
own thread, while the main thread, which receives signals, waits and interrupts it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

Answer = TypeVar("Answer")
# how long to wait for a step that DuckDB can't interrupt, such as building one huge text
PATIENCE_SECONDS = 2.0


class Abandoned(KeyboardInterrupt):
    """Ctrl-C while the query can't be stopped: its connection can be neither used nor closed."""


def interruptible(con: duckdb.DuckDBPyConnection, ask: Callable[[], Answer]) -> Answer:
    """Return `ask()`, which uses `con`; Ctrl-C raises KeyboardInterrupt once the query has stopped.

    Raises Abandoned if it doesn't stop. Outside the main thread, `ask` is simply called.
    """
    if threading.current_thread() is not threading.main_thread():
        return ask()
    answers: list[Answer] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    try:
        # within `try`, because a signal can arrive while the thread starts
        threading.Thread(target=work, daemon=True).start()
        while not done.wait(0.5):
            pass
    except KeyboardInterrupt:
        if _stop(con, done):
            raise
        atexit.register(_leave, done)
        raise Abandoned from None
    if errors:
        raise errors[0]
    return answers[0]


def _stop(con: duckdb.DuckDBPyConnection, done: threading.Event) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while not done.wait(0.02) and time.monotonic() < end:
        # repeat it: an interrupt between two steps of the query is lost
        con.interrupt()
    return done.is_set()


def _leave(done: threading.Event) -> None:
    """End the process without freeing memory that the query still uses, which would crash."""
    if not done.is_set():
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        os._exit(130)
