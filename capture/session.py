"""One run from settings to a finished run folder: the only place where a capture is made."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genscope.capture import manifest, run_folder
from genscope.capture.catalog import MODELS, PROFILERS
from genscope.capture.settings import Settings, resolved
from genscope.errors import CaptureError

if TYPE_CHECKING:
    from genscope.capture.recording import Recording


def capture(settings: Settings, out: Path | str = "traces") -> Path:
    """Make the run asked for and return its folder; a finished run with the same settings is not made again.

    The manifest is written first, the trace next, and the folder is renamed into place last: whatever ends the run early
    leaves none. Raises CaptureError for what a user can put right.
    """
    asked = resolved(settings)
    place = run_folder.place(Path(out), folder_stem(asked), asdict(asked))
    if place.finished:
        return place.folder
    profiler = _profiler(asked.profiler)
    with run_folder.unfinished(place.folder) as partial, memory_explained(asked):
        card = _card(asked)
        manifest.write(card, partial)
        facts: dict[str, Any] = profiler.record(asked, partial)
        manifest.write(card.completed(facts), partial)
    return place.folder


def record(
    name: str,
    model: Any = None,
    *,
    components: Mapping[str, Any] | None = None,
    out: Path | str = "traces",
    attention: str | None = None,
    warmup: int = 1,
) -> Recording:
    """Record a model of one's own into a run folder, with the labels of the suite's models.

    `model` is a torch module or a whole diffusers or transformers pipeline; `components` names parts of one instead. Use it as
    a context manager and call `step()` on what it gives after each step; the first `warmup` steps are not recorded. Without
    `attention` the model's attention is left as it is. When the block is left the model is as it was.

        with record("my-model", components={"unet": pipe.unet}) as run:
            for _ in range(3):
                pipe("a cat")
                run.step()
        run.folder
    """
    from genscope.capture.recording import Recording

    return Recording(
        name,
        components if components is not None else model,
        out=Path(out),
        attention=attention,
        warmup=warmup,
    )


def folder_stem(settings: Settings) -> str:
    """model-attention-device-profiler; the model with its variant if that is not the default one."""
    default = settings.variant == MODELS[settings.name].variants[0]
    model = settings.name if default else f"{settings.name}_{settings.variant}"
    return run_folder.stem_of(model, settings.attention, _device_word(settings), settings.profiler)


def _device_word(settings: Settings) -> str:
    if settings.profiler == "dry" or settings.device == "cpu":
        return settings.device or "cpu"
    from torch.cuda import get_device_name, is_available

    return get_device_name().lower().replace("nvidia ", "") if is_available() else "cuda"


def _profiler(name: str) -> Any:
    try:
        return importlib.import_module(PROFILERS[name])
    except ModuleNotFoundError as error:
        raise CaptureError(
            f"found no module {error.name} for profiler {name}; expected genscope's capture extra: "
            "pip install 'genscope[capture]'"
        ) from error


def _card(settings: Settings) -> manifest.RunManifest:
    from genscope.capture.environment import versions

    variants = MODELS[settings.name].variants
    return manifest.RunManifest(
        model=settings.name,
        variant=settings.variant if len(variants) > 1 else None,
        family=MODELS[settings.name].family,
        attention=settings.attention,
        profiler=settings.profiler,
        predicted=settings.profiler == "dry",
        size=settings.size,
        dtype=settings.dtype,
        batch=settings.batch,
        device_asked=settings.device or "cpu",
        asked=asdict(settings),
        seed=settings.seed,
        command=manifest.command_line(),
        versions=versions(),
    )


@contextlib.contextmanager
def memory_explained(settings: Settings) -> Iterator[None]:
    """Turn running out of memory into an error that names the setting to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        raise CaptureError(
            f"found too little memory on {settings.device} for {settings.name}: "
            f"{str(error).splitlines()[0]}; {_what_to_lower(settings)}"
        ) from error


def _out_of_memory(error: BaseException) -> bool:
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def _what_to_lower(settings: Settings) -> str:
    options = MODELS[settings.name].options
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
