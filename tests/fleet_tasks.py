"""Tasks that end their worker, for tests of the fleet: workers import them by name."""

import os
import signal
from pathlib import Path
from typing import Any

from genscope.analyze.fleet.ingest import Outcome, load_one


def load_on_a_bad_machine(load: Any) -> Outcome:
    """Load a trace; a poisoned one kills the worker each time, a frail one the first time only."""
    path = Path(load.source.address)
    marker = path.with_suffix(".tried")
    if "poison" in path.name or ("frail" in path.name and not marker.exists()):
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return load_one(load)


def same(item: Any) -> Any:
    """The item."""
    return item
