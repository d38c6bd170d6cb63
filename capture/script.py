"""Record what your own script builds: `path/to/script.py:function` names a function that returns a model and one step of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from genscope.capture.settings import Settings, extra_needed
from genscope.errors import CaptureError


@dataclass(frozen=True)
class ScriptRun:
    """How a script is recorded: steps in the trace, attention (None keeps the model's own), the folder to write to,
    and whether it is recorded dry, for which device."""

    steps: int = 2
    attention: str | None = None
    out: Path | str = "traces"
    profiler: str = "torch"
    device: str | None = None


def is_script(target: str) -> bool:
    """Whether this names a function of a Python file and not a model of the catalog."""
    return ".py:" in target


def _refuse_options(asked: Settings) -> None:
    """Raise CaptureError for an option that only models of the catalog have, unless it is left at its default."""
    plain = Settings(asked.model, attention=asked.attention, steps=asked.steps)
    if asked.profiler == "dry":
        plain = replace(plain, profiler="dry", device=asked.device, size=asked.size)
    names = (part.name for part in fields(Settings))
    given = [f"--{n.replace('_', '-')}" for n in names if getattr(asked, n) != getattr(plain, n)]
    if given:
        raise CaptureError(
            f"A script builds its model and puts it on its device by itself, so leave {', '.join(given)} out and set it there; "
            "only --steps, --attention and --out apply, and --device with --profiler dry."
        )


def capture_script(target: str, run: ScriptRun, asked: Settings | None = None) -> Path:
    """Record the function's model and return the run folder.

    The function takes no argument and returns (model, step): a module, a pipeline or a dict of components, and a callable that
    runs one step. `asked` holds the options of the command line. Raises CaptureError if the file or function doesn't exist, if
    the function returns something else, or if an option applies to models of the catalog only.
    """
    if asked is not None:
        _refuse_options(asked)
    if run.steps < 1:
        raise CaptureError(f"--steps is {run.steps}, but it must be at least 1.")
    with extra_needed():
        from genscope.capture.attention.switch import check_available
        from genscope.capture.recording import components_of, device_of, record
        from genscope.capture.runner import wall_facts

    if run.profiler == "dry":
        return _dry(target, run)
    model, step = _built(target)
    device = device_of(components_of(model))
    if run.attention is not None:
        check_available(run.attention, device)
    step()
    wall = _step_wall_ns(step, run, device)
    stem = Path(target.rpartition(":")[0]).stem
    with record(stem, model, out=run.out, attention=run.attention) as recording:
        for _ in range(run.steps + 1):
            step()
            recording.step()
        recording.facts.update(wall_facts(wall))
    return recording.folder


def _dry(target: str, run: ScriptRun) -> Path:
    from genscope.capture.dry.devices import devices
    from genscope.capture.dry_script import record_dry

    device = run.device or "a100"
    if device not in devices():
        raise CaptureError(f"There is no device {device!r}; choose one of {', '.join(devices())}.")
    return record_dry(
        Path(target.rpartition(":")[0]).stem,
        lambda: _built(target),
        steps=run.steps,
        attention=run.attention or "flash",
        device=devices()[device],
        out=Path(run.out),
    )


def _built(target: str) -> tuple[Any, Callable[[], Any]]:
    """The model and the step that the script's function returns."""
    path, _, name = target.rpartition(":")
    built = _function(Path(path), name)()
    if not (isinstance(built, tuple) and len(built) == 2 and callable(built[1])):
        raise CaptureError(
            f"{target} returns a {type(built).__name__}, but it must return (model, step): "
            "the model, or a dict of components, and a function that runs one step."
        )
    return built


def _function(path: Path, name: str) -> Callable[[], Any]:
    if not path.is_file():
        raise CaptureError(f"There is no file {path}; check the path of the script.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CaptureError(f"Python can't load {path}; the script must be a .py file.")
    module = importlib.util.module_from_spec(spec)
    # a dataclass in the script looks its own module up there
    sys.modules.setdefault(spec.name, module)
    spec.loader.exec_module(module)
    function = getattr(module, name, None)
    if not callable(function):
        has = ", ".join(key for key, value in vars(module).items() if callable(value))
        raise CaptureError(f"{path} has no function {name!r}; it has {has or 'none at all'}.")
    return function  # type: ignore[no-any-return]


def _step_wall_ns(step: Callable[[], Any], run: ScriptRun, device: Any) -> list[int]:
    """Time of as many steps as the trace has, without labels or profiler but with the attention asked for, ns each."""
    from genscope.capture.attention.switch import Switch, switched
    from genscope.capture.runner import wall_ns

    def steps() -> None:
        for _ in range(run.steps):
            step()

    if run.attention is None:
        return wall_ns(steps, device)
    with switched(Switch(run.attention, device.type)):
        return wall_ns(steps, device)
