"""From settings to a finished run folder. Every capture is made here, in `new_run`: of the catalog, of a script, of a recording."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from genscope.capture import manifest, run_folder
from genscope.capture.catalog import ENTRIES, PROFILERS
from genscope.capture.settings import Settings, extra_needed, resolved
from genscope.errors import CaptureError


@dataclass(frozen=True)
class NewRun:
    """A run that is being made: the folder to write the trace into, and what the run finds out for its manifest."""

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def new_run(folder: Path, card: manifest.RunManifest) -> Iterator[NewRun]:
    """Make one run: write its manifest, let the block write the trace, complete the manifest, then rename the folder into place.

    The rename comes last, so a run that ends early leaves no folder.
    """
    with run_folder.unfinished(folder) as partial:
        manifest.write(card, partial)
        run = NewRun(partial)
        yield run
        manifest.write(card.completed(run.facts), partial)


def capture(settings: Settings, out: Path | str = "traces") -> Path:
    """Make the run that the settings ask for and return its folder; a finished run with the same settings is kept.

    Raises CaptureError for what a user can fix.
    """
    asked = resolved(settings)
    found = run_folder.find_folder(Path(out), folder_stem(asked), asked_of(asked))
    if found.finished:
        return found.path
    with extra_needed(), memory_explained(asked):
        profiler: Any = importlib.import_module(PROFILERS[asked.profiler])
        with new_run(found.path, _card(asked)) as run:
            run.facts.update(profiler.record(asked, run.folder))
    return found.path


def folder_stem(settings: Settings) -> str:
    """model-attention-device-profiler; the model carries its variant unless that is the default one."""
    default = settings.variant == ENTRIES[settings.name].variants[0]
    model = settings.name if default else f"{settings.name}_{settings.variant}"
    return run_folder.stem_of(model, settings.attention, _device_word(settings), settings.profiler)


def asked_of(settings: Settings) -> dict[str, Any]:
    """The settings as the manifest holds them; numbers of a workload's own only where some are set."""
    return {key: value for key, value in asdict(settings).items() if key != "knobs" or value}


def _device_word(settings: Settings) -> str:
    if settings.profiler == "dry" or settings.device == "cpu":
        return settings.device or "cpu"
    from torch.cuda import get_device_name, is_available

    return get_device_name().lower().replace("nvidia ", "") if is_available() else "cuda"


def _card(settings: Settings) -> manifest.RunManifest:
    variants = ENTRIES[settings.name].variants
    return manifest.card(
        model=settings.name,
        variant=settings.variant if len(variants) > 1 else None,
        family=ENTRIES[settings.name].family,
        attention=settings.attention,
        profiler=settings.profiler,
        predicted=settings.profiler == "dry",
        size=settings.size,
        dtype=settings.dtype,
        batch=settings.batch,
        device_asked=settings.device or "cpu",
        asked=asked_of(settings),
        seed=settings.seed,
    )


@contextlib.contextmanager
def memory_explained(settings: Settings) -> Iterator[None]:
    """Turn running out of memory into an error that names the setting to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        said = (str(error).splitlines() or ["MemoryError"])[0].rstrip(". ")
        raise CaptureError(
            f"{settings.name} needs more memory than {settings.device} has ({said}): {_what_to_lower(settings)}."
        ) from error


def _out_of_memory(error: BaseException) -> bool:
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _what_to_lower(settings: Settings) -> str:
    options = ENTRIES[settings.name].options
    ways = []
    if settings.batch > 1:
        ways.append(f"lower --batch (now {settings.batch})")
    if settings.attention in ("baseline", "math"):
        ways.append("use --attention flash")
    ways += [f"lower --{option.replace('_', '-')}" for option in reversed(options)]
    if settings.dtype == "float32":
        ways.append("use --dtype bfloat16")
    if settings.size == "paper":
        ways.append("use --size tiny")
    return ", or ".join(ways)
