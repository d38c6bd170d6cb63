"""A few open studies that requests take in turn, so that a slow query doesn't hold up the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

from genscope.analyze.study import Study
from genscope.errors import UserError

QUERY_SECONDS = 60.0


class Studies:
    """At most `count` connections to one study, each used by one request at a time."""

    def __init__(self, path: Path, count: int = 3) -> None:
        self.path = path
        self._all = [Study(path) for _ in range(count)]
        self._idle: Queue[Study] = Queue()
        for study in self._all:
            self._idle.put(study)

    @contextmanager
    def one(self, seconds: float = QUERY_SECONDS) -> Iterator[Study]:
        """A study for one request. Raises UserError if none gets free, or if it takes too long."""
        try:
            study = self._idle.get(timeout=seconds)
        except Empty:
            raise UserError("other queries are still running; try again") from None
        try:
            with limited(study, seconds):
                yield study
        finally:
            self._idle.put(study)

    def close(self) -> None:
        """Close all of them, once no request uses any."""
        for study in self._all:
            study.interrupt()
            study.close()


@contextmanager
def limited(study: Study, seconds: float) -> Iterator[None]:
    """Stop the study's query after some seconds. Raises UserError then."""
    done, late = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        late.set()
        # an interrupt between two steps of a query is lost, so repeat it
        while not done.wait(0.05):
            study.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except UserError as error:
        if late.is_set():
            raise UserError(f"the query was stopped after {seconds:g} s; choose a trace") from error
        raise
    finally:
        done.set()
        watcher.join()
