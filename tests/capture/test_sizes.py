"""The size asked for is the size of the output and of the manifest; a size that the model can't make is refused."""

from __future__ import annotations

import pytest
import torch

from genscope.capture.catalog import MODELS
from genscope.capture.dry.operators import functions_as_on
from genscope.capture.dry.recorder import DryRecorder
from genscope.capture.runner import dry_runner
from genscope.capture.settings import Settings, resolved
from genscope.errors import CaptureError
from tests.effort import part

SIZED = [name for name, entry in MODELS.items() if "image_size" in entry.options]
FRAMED = [name for name, entry in MODELS.items() if "frames" in entry.options]


def came_out(settings: Settings) -> tuple[torch.Size, int | None, int | None]:
    """The output's shape, with the image size and the frames of the manifest."""
    run = dry_runner(resolved(settings))
    with functions_as_on("cpu"), DryRecorder("cpu"):
        output = run.unlabelled().output
    return output.shape, run.workload.image_size, run.workload.frames


def small(model: str, **sizes: int | None) -> Settings:
    return Settings(model, profiler="dry", device="cpu", steps=1, **sizes)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [None, 2, 3])
@pytest.mark.parametrize("model", part(SIZED, of=2))
def test_image_has_the_size_asked_for(model: str, times: int | None) -> None:
    entry = MODELS[model]
    multiple = entry.tiny_multiple or entry.multiple
    asked = None if times is None else multiple * times
    shape, image_size, _ = came_out(small(model, image_size=asked))
    assert image_size == asked or asked is None
    # Make-A-Video is asked for its first stage's size; its last one's is 12 times that
    assert shape[-2] == (12 if model == "make_a_video" else 1) * (image_size or 0)


@pytest.mark.parametrize("groups", [None, 0, 1, 2])
@pytest.mark.parametrize("model", part(FRAMED, of=2))
def test_video_has_the_frames_asked_for(model: str, groups: int | None) -> None:
    asked = None if groups is None else groups * MODELS[model].frame_group + 1
    shape, _, frames = came_out(small(model, frames=asked))
    assert frames == asked or asked is None
    assert shape[0 if model == "make_a_video" else 2] == frames


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (small("stable_diffusion", image_size=100), "100 px.*multiple of 8, such as 96 or 104"),
        (small("stable_diffusion", image_size=4), "4 px.*multiple of 8, such as 8"),
        (small("flux", image_size=40), "multiple of 16, such as 32 or 48"),
        (small("imagen", image_size=48), "multiple of 32, such as 32 or 64"),
        (Settings("imagen", size="paper", image_size=64), "multiple of 128, such as 128"),
        (
            small("wan", frames=7),
            "wan can't make 7 frames.*one more than a multiple of 4, such as 5 or 9",
        ),
        (small("cogvideox", frames=13), "one more than a multiple of 8, such as 9 or 17"),
        (small("phenaki", frames=2), "one more than a multiple of 2, such as 1 or 3"),
    ],
)
def test_a_size_that_would_be_rounded_is_refused(settings: Settings, words: str) -> None:
    with pytest.raises(CaptureError, match=words):
        resolved(settings)
