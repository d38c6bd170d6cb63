"""Which run is asked for: model, sizes, profiler, attention and device, checked before anything heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass, replace

from genscope.capture.catalog import ATTENTIONS, MODELS, PROFILERS, SIZES
from genscope.capture.dry.roofline import DEVICES
from genscope.errors import CaptureError

DTYPES = ("float16", "bfloat16", "float32")
DEFAULT_STEPS = 2


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
        """The model without its variant."""
        return self.model.partition(":")[0]

    @property
    def variant(self) -> str:
        """The variant asked for, else the model's first."""
        return self.model.partition(":")[2] or MODELS[self.name].variants[0]

    @property
    def tiny(self) -> bool:
        """Whether the small dimensions are asked for."""
        return self.size == "tiny"


def _one_of(what: str, found: str, expected: tuple[str, ...]) -> None:
    if found not in expected:
        raise CaptureError(f"found {what} {found!r}; expected one of {', '.join(expected)}")


def _check_numbers(settings: Settings) -> None:
    for what in ("image_size", "frames", "steps", "batch"):
        value = getattr(settings, what)
        if value is not None and value < 1:
            raise CaptureError(f"found {what} {value}; expected a whole number of at least 1")


def _check_model_options(settings: Settings) -> None:
    entry = MODELS[settings.name]
    _one_of(f"variant of {settings.name}", settings.variant, entry.variants)
    for what in ("image_size", "frames"):
        if getattr(settings, what) is not None and what not in entry.options:
            has = ", ".join(entry.options) or "neither image_size nor frames"
            raise CaptureError(f"found {what} for {settings.name}; it has {has}: leave {what} out")
    _check_sizes(settings)


def _check_sizes(settings: Settings) -> None:
    """A size that the model would round down in silence, or fall over, is refused."""
    entry = MODELS[settings.name]
    multiple = (entry.tiny_multiple if settings.tiny else None) or entry.multiple
    size, frames, group = settings.image_size, settings.frames, entry.frame_group
    if size is not None and size % multiple:
        below = size - size % multiple
        near = f"{below} or {below + multiple}" if below else f"{multiple}"
        raise CaptureError(
            f"found image_size {size} for {settings.name}; expected a multiple of {multiple}: {near}"
        )
    if frames is not None and (frames - 1) % group:
        below = frames - (frames - 1) % group
        raise CaptureError(
            f"found frames {frames} for {settings.name}; expected a multiple of {group} and one more: "
            f"{below} or {below + group}"
        )


def resolved(settings: Settings) -> Settings:
    """The same settings, checked, with the defaults that need no model filled in.

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
        _one_of("device to predict for", device, tuple(DEVICES))
    elif device.partition(":")[0] not in ("cpu", "cuda"):
        raise CaptureError(
            f"found device {device!r}; expected cpu or cuda (others: --profiler dry)"
        )
    dtype = settings.dtype or ("float32" if device == "cpu" else MODELS[settings.name].dtype)
    _one_of("dtype", dtype, DTYPES)
    return replace(settings, device=device, dtype=dtype)


def _default_device(profiler: str) -> str:
    if profiler == "dry":
        return "a100"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
