"""The settings of a run: model, sizes, profiler, attention and device, checked before anything heavy is imported."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from genscope.capture.catalog import ATTENTIONS, MODELS, PROFILERS, SIZES
from genscope.capture.dry.devices import devices
from genscope.errors import CaptureError

DTYPES = ("float16", "bfloat16", "float32")
DEFAULT_STEPS = 2
EXTRA = ("torch", "diffusers", "transformers", "sentencepiece")


@dataclass(frozen=True)
class Settings:
    """What a user asks for; None means the model's own default.

    `model` is a name of the catalog, with an optional variant: `llama:3.1-8b`.
    `device` is `cpu` or `cuda` for a real run, and the device whose times are predicted for a dry one.
    `steps` is the number of steps that are profiled, spread evenly over the request.
    """

    model: str
    profiler: str = "torch"
    attention: str = "flash"
    size: str = "tiny"
    image_size: int | None = None
    frames: int | None = None
    steps: int = DEFAULT_STEPS
    batch: int = 1
    dtype: str | None = None
    device: str | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """The model's name without its variant."""
        return self.model.partition(":")[0]

    @property
    def variant(self) -> str:
        """The variant asked for, else the model's first."""
        return self.model.partition(":")[2] or MODELS[self.name].variants[0]

    @property
    def tiny(self) -> bool:
        """Whether the model is built at its small dimensions."""
        return self.size == "tiny"


def _one_of(what: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        raise CaptureError(f"There is no {what} {found!r}; choose one of {', '.join(expected)}.")


def _option(what: str) -> str:
    return "--" + what.replace("_", "-")


def _check_numbers(settings: Settings) -> None:
    for what in ("image_size", "frames", "steps", "batch"):
        value = getattr(settings, what)
        if value is not None and value < 1:
            raise CaptureError(f"{_option(what)} is {value}, but it must be at least 1.")


def _check_model_options(settings: Settings) -> None:
    entry = MODELS[settings.name]
    _one_of(f"{settings.name} variant", settings.variant, entry.variants)
    for what in ("image_size", "frames"):
        if getattr(settings, what) is not None and what not in entry.options:
            has = " and ".join(map(_option, entry.options))
            takes = f"takes {has} only" if has else "takes neither --image-size nor --frames"
            raise CaptureError(f"{settings.name} {takes}; leave {_option(what)} out.")
    _check_sizes(settings)


def _check_sizes(settings: Settings) -> None:
    """Refuse a size that the model would silently round down, or that would make it fail."""
    entry = MODELS[settings.name]
    multiple = (entry.tiny_multiple if settings.tiny else None) or entry.multiple
    size, frames, group = settings.image_size, settings.frames, entry.frame_group
    if size is not None and size % multiple:
        below = size - size % multiple
        near = f"{below} or {below + multiple}" if below else f"{multiple}"
        raise CaptureError(
            f"{settings.name} can't make images of {size} px: --image-size must be a multiple of {multiple}, "
            f"such as {near}."
        )
    if frames is not None and (frames - 1) % group:
        below = frames - (frames - 1) % group
        raise CaptureError(
            f"{settings.name} can't make {frames} frames: --frames must be one more than a multiple of {group}, "
            f"such as {below} or {below + group}."
        )


def resolved(settings: Settings) -> Settings:
    """The same settings, checked and completed with the defaults that need no model.

    Raises CaptureError for an unknown name or a number out of range.
    """
    _one_of("model", settings.name, tuple(MODELS))
    _one_of("profiler", settings.profiler, tuple(PROFILERS))
    _one_of("attention", settings.attention, ATTENTIONS)
    _one_of("size", settings.size, SIZES)
    _check_numbers(settings)
    _check_model_options(settings)
    device = settings.device or _default_device(settings.profiler)
    if settings.profiler == "dry":
        _one_of("device", device, tuple(devices()))
    elif re.fullmatch(r"cpu|cuda(:\d+)?", device) is None:
        raise CaptureError(
            f"A real run can't use the device {device!r}; choose cpu, cuda or cuda:<number>, or predict times with --profiler dry."
        )
    dtype = settings.dtype or ("float32" if device == "cpu" else MODELS[settings.name].dtype)
    _one_of("dtype", dtype, DTYPES)
    return replace(settings, device=device, dtype=dtype)


def _default_device(profiler: str) -> str:
    if profiler == "dry":
        return "a100"
    with extra_needed():
        import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def extra_needed() -> Iterator[None]:
    """Turn a missing package of the extra `capture` into an error that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise CaptureError(
            f"A capture needs {error.name}, which isn't installed: run pip install 'genscope[capture]'."
        ) from error
