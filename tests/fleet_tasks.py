"""Tasks that end their worker, for tests of the fleet: workers import them by name."""

import os
import resource
import signal
import threading
from pathlib import Path
from typing import Any

from genscope.analyze.fleet.ingest import Outcome, load_batch

# a worker of this limit can load a small trace
WORKER_BYTES, HUNGRY_BYTES = 800 << 20, 900 << 20


def load_on_a_bad_machine(batch: Any) -> list[Outcome]:
    """Load a batch; a poisoned trace kills the worker each time, a frail one the first time only.

    A greedy one needs more memory than there is; a hungry one takes more than its worker may, which ends
    the worker.
    """
    for path in [Path(source.address) for source in batch.sources]:
        marker = path.with_suffix(".tried")
        if "poison" in path.name or ("frail" in path.name and not marker.exists()):
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if "greedy" in path.name:
            _more_than_there_is()
        if "hungry" in path.name:
            _hold_too_much(marker)
    return load_batch(batch)


def _hold_too_much(marker: Path) -> None:
    with marker.open("a") as file:
        file.write("tried\n")
    held = b"x" * HUNGRY_BYTES
    # Dask's nanny looks ten times a second, and ends the worker long before this
    threading.Event().wait(120)
    raise TimeoutError(f"nobody minded {len(held)} bytes")


def _more_than_there_is() -> None:
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, limits[1]))
    try:
        bytes(1 << 30)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def same(item: Any) -> Any:
    """The item."""
    return item


def same_after_interrupt(item: Any) -> Any:
    """The item, after Ctrl-C reached this worker; the first time the worker dies, and its successor answers."""
    os.kill(os.getpid(), signal.SIGINT)
    marker = Path(item)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item
