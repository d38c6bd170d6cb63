"""Runs that several tests look at are made once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from capture_traces import Captured

from genscope.capture import runner
from genscope.capture.session import capture
from genscope.capture.settings import Settings


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """The run folder of these settings, made the first time it is asked for, for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "traces"

    def run(model: str, **asked: object) -> Path:
        settings = Settings(model, **asked)  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(runner, "WALL_REPEATS", 1)
            try:
                return capture(settings, out)
            except OSError:  # meanwhile another worker has written the same run
                return capture(settings, out)

    return run
