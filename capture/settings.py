"""The settings of a run: model, sizes, profiler, attention and device, checked before anything heavy is imported."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from genscope.capture.catalog import ATTENTIONS, ENTRIES, PROFILERS, SIZES
from genscope.capture.dry.devices import devices
from genscope.errors import CaptureError

DTYPES = ("float16", "bfloat16", "float32")
DEFAULT_STEPS = 2
# nobody asks for this one: the model's own batch
OWN_BATCH = -(2**31)
EXTRA = ("torch", "diffusers", "transformers", "sentencepiece")


@dataclass(frozen=True)
class Settings:
    """What a user asks for; None means the model's own default.

    `model` is a name of the catalog, with an optional variant: `llama:3.1-8b`.
    `device` is `cpu` or `cuda` for a real run, and the device whose times are predicted for a dry one.
    `steps` is the number of steps that are profiled, spread evenly over the request.
    `knobs` are a workload's own numbers, such as ("rounds", 5).
    """

    model: str
    profiler: str = "torch"
    attention: str = "flash"
    size: str = "tiny"
    image_size: int | None = None
    frames: int | None = None
    steps: int = DEFAULT_STEPS
    batch: int = OWN_BATCH
    dtype: str | None = None
    device: str | None = None
    seed: int = 0
    knobs: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if self.batch == OWN_BATCH:
            entry = ENTRIES.get(self.name)
            own = entry.batch(self.variant, tiny=self.tiny) if entry else 1
            object.__setattr__(self, "batch", own)

    @property
    def name(self) -> str:
        """The model's name without its variant."""
        return self.model.partition(":")[0]

    @property
    def variant(self) -> str:
        """The variant asked for, else the model's first."""
        return self.model.partition(":")[2] or ENTRIES[self.name].variants[0]

    def knob(self, name: str) -> int:
        """A number of the workload's own: what was asked for, else its default for this size."""
        tiny, paper = ENTRIES[self.name].knobs[name]
        return dict(self.knobs).get(name, tiny if self.tiny else paper)

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
    sizes = [(what, getattr(settings, what)) for what in ("image_size", "frames", "steps", "batch")]
    for what, value in [*sizes, *settings.knobs]:
        if value is not None and value < 1:
            raise CaptureError(f"{_option(what)} is {value}, but it must be at least 1.")
    entry = ENTRIES[settings.name]
    for name, _ in settings.knobs:
        if name not in entry.knobs:
            has = f"has {', '.join(entry.knobs)}" if entry.knobs else "has no numbers to set"
            raise CaptureError(f"{settings.name} {has}; leave --set {name} out.")


def _check_model_options(settings: Settings) -> None:
    entry = ENTRIES[settings.name]
    _one_of(f"{settings.name} variant", settings.variant, entry.variants)
    for what in ("image_size", "frames"):
        if getattr(settings, what) is not None and what not in entry.options:
            has = " and ".join(map(_option, entry.options))
            takes = f"takes {has} only" if has else "takes neither --image-size nor --frames"
            raise CaptureError(f"{settings.name} {takes}; leave {_option(what)} out.")
    _check_sizes(settings)


def _check_sizes(settings: Settings) -> None:
    """Refuse a size that the model would silently round down, or that would make it fail."""
    entry = ENTRIES[settings.name]
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
    _one_of("model", settings.name, tuple(ENTRIES))
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
    dtype = settings.dtype or ("float32" if device == "cpu" else ENTRIES[settings.name].dtype)
    _one_of("dtype", dtype, DTYPES)
    return replace(settings, device=device, dtype=dtype)


def knobs_of(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """`("rounds=5",)` as numbers. Raises CaptureError for any other text."""
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not number.strip().isdecimal():
            raise CaptureError(f"--set takes name=number, such as rounds=5, not {text!r}.")
        found[name.strip()] = int(number)
    return tuple(sorted(found.items()))


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
