"""Runs that several tests look at are made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from capture_traces import Captured, output_file

from genscope.capture import runner
from genscope.capture.runner import PassResult, Runner
from genscope.capture.session import capture, folder_stem
from genscope.capture.settings import Settings, resolved
from tests.made_once import folder_of_all_workers, locked


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """The run folder of these settings, made the first time it is asked for, for all workers of pytest-xdist."""
    out = folder_of_all_workers(tmp_path_factory) / "traces"

    def run(model: str, **asked: object) -> Path:
        settings = Settings(model, **asked)  # type: ignore[arg-type]
        # runs of the same name wait for each other: the second is then found, or gets another folder
        with pytest.MonkeyPatch.context() as patch, locked(out / folder_stem(resolved(settings))):
            patch.setattr(runner, "WALL_REPEATS", 1)
            passes: list[PassResult] = []
            unlabelled = Runner.unlabelled

            def once(run: Runner) -> PassResult:
                # the pass that warms a model up is the one that is timed
                if not passes:
                    passes.append(unlabelled(run))
                return passes[0]

            patch.setattr(Runner, "unlabelled", once)
            folder = capture(settings, out)
            if passes:
                output_file(folder).parent.mkdir(exist_ok=True)
                torch.save(passes[0].output, output_file(folder))
            return folder

    return run
