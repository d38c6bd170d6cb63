"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_traces_folder() -> Path | None:
    """Folder with traces that others made (GENSCOPE_TRACES, else ../shared/traces), or None."""
    folder = Path(os.environ.get("GENSCOPE_TRACES", ROOT.parent / "shared" / "traces"))
    return folder if (folder / "manifest.csv").is_file() else None


@pytest.fixture(scope="session")
def shared_traces() -> Path:
    """The folder of other people's traces; skips the test where it is not present."""
    folder = shared_traces_folder()
    if folder is None:
        pytest.skip("no traces of others here: set GENSCOPE_TRACES to a folder with manifest.csv")
    return folder
