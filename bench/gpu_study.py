"""Make every run that a study of a GPU needs, in pieces: each call works for a limited time and skips finished runs.

    python bench/gpu_study.py --out traces                 work for up to 9 minutes, then say what is left
    python bench/gpu_study.py --out traces --list          print the plan
    python bench/gpu_study.py --out traces --tiny          the same plan with tiny models on a CPU, as a trial

It needs only `capture`. It exits with 0 when all runs are done, 3 when some are left (call it again), and 1 when all were tried
and some failed. Failures are kept in .gpu_study_failures next to the runs and not tried again until that file is removed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from genscope.capture import run_folder
from genscope.capture.catalog import SUITE
from genscope.capture.session import asked_of, folder_stem
from genscope.capture.settings import Settings, resolved
from genscope.capture.suite import SuiteRun, suite

LIMIT_S = 540
# a trace must be small enough to be committed
LARGEST_BYTES = 4 * 2**20
# JSON, but hidden and without an ending, so that neither 'traces/*' nor the folder offers it as a trace
FAILURES = ".gpu_study_failures"

# what answers most comes first: a GPU may be there for fifteen minutes only
FIRST = ("stable_diffusion", "make_a_video", "muse", "llama", "parti:3b", "flux")
SECOND_ATTENTIONS = ("cudnn", "fa4")
IMAGE_SIZES = (256, 384, 768, 1024)
FRAMES = (4, 8, 32)
MODERN = (
    "sd3",
    "pixart",
    "flux",
    "ltx",
    "cogvideox",
    "wan:1.3b",
    "mochi",
    "wan:14b",
    "hunyuan_video",
)
# at its published size the video needs more memory in the VAE than one GPU has, or minutes for a step
SHORTER = {
    "hunyuan_video": {"image_size": 480, "frames": 33},
    "wan:14b": {"frames": 33},
    "wan:1.3b": {"frames": 49},
}


@dataclass(frozen=True)
class Piece:
    """One run, its purpose, and the longest it may take on an 80 GB GPU, from start to end."""

    purpose: str
    settings: Settings
    seconds: int


def plan(*, tiny: bool = False) -> list[Piece]:
    """All runs, the most important first. `tiny` keeps the plan but uses models that a CPU runs in seconds."""
    pieces = [*_suite(), *_prefill_and_decode(), *_sweeps(), *_modern(), *_counters()]
    pieces.sort(key=_turn)
    return [_tiny(piece) for piece in pieces] if tiny else pieces


def _turn(piece: Piece) -> int:
    """When a piece comes: models of FIRST in their order, at their own size, with baseline and flash; then the rest."""
    settings = piece.settings
    own_size = settings.image_size is None and settings.frames is None
    is_first = (
        own_size and settings.profiler == "torch" and settings.attention in ("baseline", "flash")
    )
    return FIRST.index(settings.model) if is_first and settings.model in FIRST else len(FIRST)


def _run(model: str, attention: str, **more: Any) -> Settings:
    return Settings(
        model, attention=attention, size="paper", dtype="bfloat16", device="cuda", **more
    )


def _suite() -> list[Piece]:
    both = [Piece("suite", _run(m, a), 75) for m in SUITE for a in ("baseline", "flash")]
    others = [Piece("suite", _run(m, a), 75) for a in SECOND_ATTENTIONS for m in SUITE]
    return [*both, *others]


def _prefill_and_decode() -> list[Piece]:
    models = ("llama:3.1-8b", "parti:3b", "parti:350m", "muse:amused-512")
    return [
        Piece("prefill and decode", _run(m, a), 60) for m in models for a in ("baseline", "flash")
    ]


def _sweeps() -> list[Piece]:
    sizes = [
        Piece("image size", _run("stable_diffusion", a, image_size=n), 40)
        for n in IMAGE_SIZES
        for a in ("baseline", "flash")
    ]
    frames = [
        Piece("frames", _run("make_a_video", a, frames=n), 75)
        for n in FRAMES
        for a in ("baseline", "flash")
    ]
    return [*sizes, *frames]


def _modern() -> list[Piece]:
    fused = [
        Piece("modern", _run(model, "flash", **SHORTER.get(model, {})), 120) for model in MODERN
    ]
    return [Piece("modern", _run("flux", "baseline"), 120), *fused]


def _counters() -> list[Piece]:
    """Cache hit rates of spatial and temporal attention, where Nsight Compute is installed."""
    if shutil.which("ncu") is None:
        return []
    settings = replace(_run("make_a_video", "baseline", steps=1), profiler="ncu")
    return [Piece("cache hit rates", settings, 500)]


def _tiny(piece: Piece) -> Piece:
    """The same run at tiny dimensions on a CPU, with sizes and frames that the tiny model takes."""
    settings = piece.settings
    frames = None if settings.frames is None or settings.name != "make_a_video" else settings.frames
    image_size = None if settings.image_size is None else settings.image_size // 8
    small = replace(
        settings, size="tiny", device="cpu", dtype="float32", frames=frames,
        image_size=image_size if settings.name == "stable_diffusion" else None,
    )  # fmt: skip
    return Piece(piece.purpose, small, 5)


def is_done(settings: Settings, out: Path) -> bool:
    """Whether a finished run with these settings exists."""
    asked = resolved(settings)
    return run_folder.find_folder(out, folder_stem(asked), asked_of(asked)).finished


def failures(out: Path) -> dict[str, str]:
    """The runs that failed in earlier calls, with their errors."""
    path = out / FAILURES
    found: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def key(settings: Settings) -> str:
    """A run's name in the list of failures."""
    sizes = {k: getattr(settings, k) for k in ("image_size", "frames") if getattr(settings, k)}
    return " ".join(
        [
            settings.model,
            settings.attention,
            settings.profiler,
            *(f"{k}={v}" for k, v in sizes.items()),
        ]
    )


def left(pieces: Sequence[Piece], out: Path) -> list[Piece]:
    """The pieces that are neither done nor known to fail."""
    failed = failures(out)
    return [p for p in pieces if key(p.settings) not in failed and not is_done(p.settings, out)]


def work(
    pieces: Sequence[Piece],
    out: Path,
    *,
    limit_s: float = LIMIT_S,
    clock: Callable[[], float] = time.monotonic,
) -> list[SuiteRun]:
    """Make runs in order until the next one might exceed the limit. Failures are written down and skipped from then on."""
    out.mkdir(parents=True, exist_ok=True)
    start, made = clock(), []
    for piece in left(pieces, out):
        if clock() - start + piece.seconds > limit_s:
            break
        (run,) = suite([piece.settings], out)
        error = run.error or _too_large(run.folder)
        if error is not None:
            known = {**failures(out), key(piece.settings): error}
            (out / FAILURES).write_text(json.dumps(known, indent=1) + "\n")
        made.append(replace(run, error=error))
        print(f"{piece.purpose}: {key(piece.settings)}: {error or run.folder} {run.seconds:.0f} s")
    return made


def _too_large(folder: Path | None) -> str | None:
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()} if folder else {}
    over = [f"{name} has {size} bytes" for name, size in sizes.items() if size > LARGEST_BYTES]
    return f"{over[0]}, over the limit of {LARGEST_BYTES}: lower --steps" if over else None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("traces"))
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds to work for")
    parser.add_argument("--list", action="store_true", help="print the plan and stop")
    parser.add_argument("--tiny", action="store_true", help="tiny models on a CPU")
    asked = parser.parse_args(arguments)
    pieces = plan(tiny=asked.tiny)
    if asked.list:
        for piece in pieces:
            print(f"{piece.purpose}: {key(piece.settings)} (up to {piece.seconds} s)")
        return 0
    work(pieces, asked.out, limit_s=asked.limit)
    waiting, failed = left(pieces, asked.out), failures(asked.out)
    print(
        f"{len(pieces) - len(waiting) - len(failed)} done, {len(failed)} failed, {len(waiting)} left"
    )
    if waiting:
        return 3
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
