"""Record what a user's own script builds: `path/to/script.py:function`, whose function returns a model and one step of it."""

from __future__ import annotations

import contextlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.capture import manifest
from genscope.capture.session import record
from genscope.capture.settings import Settings
from genscope.errors import CaptureError

if TYPE_CHECKING:
    import torch

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


def _refuse_options(asked: Settings) -> None:
    """Raise CaptureError for an option that only models of the catalog have, unless it is left at its default."""
    plain = Settings(asked.model, attention=asked.attention, steps=asked.steps)
    names = (part.name for part in fields(Settings))
    given = [f"--{n.replace('_', '-')}" for n in names if getattr(asked, n) != getattr(plain, n)]
    if given:
        raise CaptureError(
            f"found {', '.join(given)} for a script; expected --steps, --attention and --out only, as the script itself "
            "builds the model and puts it on its device: set it there"
        )


def capture_script(target: str, run: ScriptRun, asked: Settings | None = None) -> Path:
    """Record the function's model and return the run folder.

    The function takes nothing and returns (model, step): a module, a pipeline or a dict of components, and a callable that runs
    one step. `asked` is what the command line was given. Raises CaptureError if there is no such file or function, if it
    returns something else, or if something was asked for that only models of the catalog have.
    """
    if asked is not None:
        _refuse_options(asked)
    from genscope.capture.attention.switch import check_available
    from genscope.capture.recording import components_of, device_of

    path, _, name = target.rpartition(":")
    built = _function(Path(path), name)()
    if not (isinstance(built, tuple) and len(built) == 2 and callable(built[1])):
        raise CaptureError(
            f"found {type(built).__name__} returned by {target}; expected (model, step): "
            "return the model, or a dict of components, and a function that runs one step"
        )
    model, step = built
    device = device_of(components_of(model))
    if run.attention is not None:
        check_available(run.attention, device)
    step()
    wall = _wall_ns(step, run, device)
    with record(Path(path).stem, model, out=run.out, attention=run.attention) as recording:
        for _ in range(run.steps + 1):
            step()
            recording.step()
    facts = {"wall_ns": round(statistics.median(wall)), "wall_ns_repeats": wall}
    manifest.write(manifest.read(recording.folder).completed(facts), recording.folder)
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


def _wall_ns(step: Callable[[], Any], run: ScriptRun, device: torch.device) -> list[int]:
    """Time of as many steps as the trace has, without labels or profiler but with the attention asked for, ns each."""
    from torch.cuda import synchronize

    from genscope.capture.attention.switch import Switch, switched

    wait: Callable[[], Any] = synchronize if device.type == "cuda" else lambda: None
    found = []
    with contextlib.ExitStack() as stack:
        if run.attention is not None:
            stack.enter_context(switched(Switch(run.attention, device.type, _unlabelled)))
        for _ in range(WALL_REPEATS):
            wait()
            start = time.perf_counter_ns()
            for _ in range(run.steps):
                step()
            wait()
            found.append(time.perf_counter_ns() - start)
    return found


def _unlabelled(_: object) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()
