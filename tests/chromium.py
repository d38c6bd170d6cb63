"""How tests start Debian's chromium: without a sandbox, as root may, and without asking the network for anything."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright's; the test is skipped where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium here: install Debian's package of that name")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as tool:
        window = tool.chromium.launch(executable_path=program, args=[*FLAGS])
        yield window
        window.close()


def picture(page: Any, name: str) -> None:
    """Keep a picture of the page in the folder GENSCOPE_SCREENSHOTS, if it is set."""
    if folder := os.environ.get("GENSCOPE_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def until(page: Any, done: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until `done()`, while the page goes on: its policy forbids what Playwright would evaluate there."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, done
        page.wait_for_timeout(50)
