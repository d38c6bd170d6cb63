"""Record what a user's own script builds: `path/to/script.py:function`, whose function returns a model and one step of it."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture import manifest
from capture.errors import CaptureError
from capture.session import record

WALL_REPEATS = 3


@dataclass(frozen=True)
class ScriptRun:
    """How a script is recorded: steps in the trace, attention (None: the model's own), and where to."""

    steps: int = 2
    attention: str | None = None
    out: Path | str = "traces"


def is_script(target: str) -> bool:
    """Whether this names a function of a Python file, not a model of the catalog."""
    return ".py:" in target


def capture_script(target: str, run: ScriptRun) -> Path:
    """Record the function's model and return the run folder.

    The function takes nothing and returns (model, step): a module, a pipeline or a dict of components, and a callable that runs
    one step. Raises CaptureError if there is no such file or function, or if it returns something else.
    """
    import torch

    from capture.recording import components_of

    path, _, name = target.rpartition(":")
    built = _function(Path(path), name)()
    if not (isinstance(built, tuple) and len(built) == 2 and callable(built[1])):
        raise CaptureError(
            f"found {type(built).__name__} returned by {target}; expected (model, step): "
            "return the model, or a dict of components, and a function that runs one step"
        )
    model, step = built
    components_of(model)
    wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
    step()
    wall = [_timed(step, wait) for _ in range(WALL_REPEATS)] if run.attention is None else []
    with record(Path(path).stem, model, out=run.out, attention=run.attention) as recording:
        for _ in range(run.steps + 1):
            step()
            recording.step()
    if wall:
        each = {"wall_ns": round(statistics.median(wall)) * run.steps, "wall_ns_repeats": wall}
        manifest.write(manifest.read(recording.folder).completed(each), recording.folder)
    return recording.folder


def _function(path: Path, name: str) -> Callable[[], Any]:
    if not path.is_file():
        raise CaptureError(f"found no file {path}; expected a Python script: check the path")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CaptureError(f"found {path}, which Python can't load; expected a .py file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        has = ", ".join(key for key, value in vars(module).items() if callable(value))
        raise CaptureError(f"found no function {name!r} in {path}; it has {has or 'none'}")
    return function  # type: ignore[no-any-return]


def _timed(step: Callable[[], Any], wait: Callable[[], Any]) -> int:
    wait()
    start = time.perf_counter_ns()
    step()
    wait()
    return time.perf_counter_ns() - start
