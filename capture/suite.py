"""Families of runs: the paper's eight models, or workloads that train. A run that fails doesn't stop the others."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genscope.capture.catalog import SEEDS, SUITE
from genscope.capture.session import capture
from genscope.capture.settings import OWN_BATCH, Settings
from genscope.errors import UserError

ATTENTIONS = ("baseline", "flash")


@dataclass(frozen=True)
class SuiteRun:
    """One run of the suite: its folder, new or found finished, or the error that stopped it."""

    settings: Settings
    folder: Path | None
    error: str | None
    seconds: float


def plan(
    settings: Settings,
    *,
    models: Sequence[str] = SUITE,
    attentions: Sequence[str] = ATTENTIONS,
) -> list[Settings]:
    """The runs of a suite: every model with every attention, otherwise as in `settings`."""
    return [
        replace(settings, model=model, attention=attention)
        for model in models
        for attention in attentions
    ]


def seeds(settings: Settings) -> list[Settings]:
    """The runs of the papers whose steps are workloads: every variant with its own batch, otherwise as in `settings`."""
    return [
        replace(settings, model=f"{model}:{variant}", batch=OWN_BATCH)
        for model, entry in SEEDS.items()
        for variant in entry.variants
    ]


def suite(
    runs: Iterable[Settings],
    out: Path | str = "traces",
    *,
    progress: Callable[[SuiteRun], None] | None = None,
) -> list[SuiteRun]:
    """Make every run that isn't finished yet and return all of them, failed ones with their error. Ctrl-C stops the suite."""
    done = []
    for settings in runs:
        run = _one(settings, Path(out))
        done.append(run)
        if progress is not None:
            progress(run)
        _forget()
    return done


def _one(settings: Settings, out: Path) -> SuiteRun:
    start = time.monotonic()
    try:
        folder, error = capture(settings, out), None
    except Exception as failure:  # one model can raise anything, and the others must still run
        folder, error = None, _said(failure)
    return SuiteRun(settings, folder, error, time.monotonic() - start)


def _said(failure: Exception) -> str:
    return (
        str(failure) if isinstance(failure, UserError) else f"{type(failure).__name__}: {failure}"
    )


def _forget() -> None:
    """Free a model's memory before the next one is built."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def summary(runs: Sequence[SuiteRun]) -> str:
    """One line for each failed run, then the number of finished ones."""
    failed = [run for run in runs if run.error is not None]
    lines = [f"{run.settings.model} {run.settings.attention}: {run.error}" for run in failed]
    return "\n".join([*lines, f"{len(runs) - len(failed)} of {len(runs)} runs are there"])
