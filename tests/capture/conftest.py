"""Runs that several tests look at are made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from capture_traces import Captured

from capture.session import capture
from capture.settings import Settings


@pytest.fixture(scope="session")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """The run folder of these settings, made the first time it is asked for."""
    out = tmp_path_factory.mktemp("traces")

    def run(model: str, **asked: object) -> Path:
        return capture(Settings(model, **asked), out)  # type: ignore[arg-type]

    return run
