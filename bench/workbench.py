"""How long the workbench lets one wait: first picture, zoom steps, pages, and the server's memory.

    python bench/workbench.py --db build/big.duckdb --out build/workbench.json

Opens the pages of a study's first trace in Chromium, through Playwright. Times are in seconds as a user
would see them, from the address to the drawn page; a zoom step lasts until its own boxes have arrived.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STEPS = 12
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
# when the page of an address is drawn
READY = {
    "overview": "document.querySelectorAll('.rows tbody tr').length > 0",
    "timeline": "window.genscopeTimeline?.boxes && window.genscopeTimeline?.overview",
    "attention": "document.querySelectorAll('#calls tr, #calls p').length > 1",
    "query": "document.querySelectorAll('.grid-row').length > 5",
    "plots": "document.querySelectorAll('.figure-box > *').length > 0",
}


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/workbench.json"))
    given = parser.parse_args()
    serve = [sys.executable, "-m", "genscope", "serve", "--db", str(given.db), "--port", "0"]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            site = server.stdout.readline().split()[0].removesuffix("overview")
            result = {"load": os.getloadavg()[0], **_measured(site)}
            result["server_mb"] = _memory_mb(server.pid)
        finally:
            server.terminate()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


def _measured(site: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        addresses = {name: f"{name}?trace=1" for name in READY}
        addresses["query"] = "query?q=SELECT * FROM kernel"
        first = {
            name: _opened(page, site + addresses[name], ready) for name, ready in READY.items()
        }
        again = {
            name: _opened(page, site + addresses[name], ready) for name, ready in READY.items()
        }
        found = {"first_visit_s": first, "second_visit_s": again, **_timeline(page, site)}
        browser.close()
    return found


def _opened(page: Any, address: str, ready: str) -> float:
    began = time.perf_counter()
    page.goto(address)
    _wait(page, ready)
    return round(time.perf_counter() - began, 2)


def _wait(page: Any, ready: str) -> None:
    # the page's policy forbids what Playwright would evaluate there by itself
    while not page.evaluate(f"Boolean({ready})"):
        time.sleep(0.01)


def _timeline(page: Any, site: str) -> dict[str, Any]:
    """Zoom from the whole trace to a 400th, by the wheel, step by step."""
    _opened(page, f"{site}timeline?trace=1", READY["timeline"])
    slices = page.evaluate("genscopeTimeline.meta.slice_count")
    page.locator("canvas").hover(position={"x": 800, "y": 150})
    sharp = []
    for _ in range(STEPS):
        page.evaluate("genscopeTimeline.times.load.length = 0")
        began = time.perf_counter()
        page.mouse.wheel(0, -310)
        time.sleep(0.02)
        _wait(
            page, "!genscopeTimeline.loading && !genscopeTimeline.wish && !genscopeTimeline.dirty"
        )
        if page.evaluate("genscopeTimeline.times.load.length"):
            sharp.append(time.perf_counter() - began)
    draws = page.evaluate("genscopeTimeline.times.draw")
    return {
        "slices": slices,
        "zoom_steps_s": {
            "median": _rounded(statistics.median(sharp)),
            "worst": _rounded(max(sharp)),
        },
        "draw_ms": {"median": _rounded(statistics.median(draws)), "worst": _rounded(max(draws))},
    }


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _memory_mb(pid: int) -> int:
    """Resident memory of the server at its peak, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1000


if __name__ == "__main__":
    main()
