"""How long the workbench lets one wait: first picture, zoom steps, pages, tables, and the server's memory.

    python bench/workbench.py --db build/small.duckdb build/big.duckdb --out bench/workbench.json

Opens the pages of each study's first trace in Chromium, through Playwright, each study with a server of its
own. Times are in seconds as a user would see them, from the address to the drawn page; a zoom step lasts until
its own boxes have arrived, a filter from its last key to the rows. `python bench/ingest.py --render bench/ingest.json`
puts them into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STEPS = 12
# a page that takes longer counts as one that never comes
PATIENCE_S = 120.0
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
# when the page of an address is drawn
READY = {
    "overview": "document.querySelectorAll('.rows tbody tr').length > 0",
    "timeline": "window.genscopeTimeline?.boxes && window.genscopeTimeline?.overview",
    # a table, or that there is no attention
    "attention": "document.querySelector('#calls table, #calls p:not(:empty)')?.textContent.startsWith('reading') === false",
    "query": "document.querySelector('.grid-foot')?.textContent.includes('rows')",
    "plots": "document.querySelectorAll('.figure-box > *').length > 0",
}
TABLE = "SELECT * FROM kernel"
_FOOT = "document.querySelector('.grid-foot').textContent"


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", type=Path, required=True, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("build/workbench.json"))
    given = parser.parse_args()
    result = {"date": f"{date.today():%d %b %Y}", "cores": os.cpu_count(), "runs": []}
    for study in given.db:
        run = _of_study(study)
        print(run, file=sys.stderr, flush=True)
        result["runs"].append(run)
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _of_study(study: Path) -> dict[str, Any]:
    import genscope

    with genscope.open(study) as opened:
        counts = opened.traces().row(0, named=True)
    serve = [sys.executable, "-m", "genscope", "serve", "--db", str(study), "--port", "0"]
    with subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            site = server.stdout.readline().split()[0].removesuffix("overview")
            load = os.getloadavg()[0]
            with _sampled(server.pid) as together:
                measured = _measured(site)
            return {
                "events": int(counts["event_count"]),
                "load": [load, os.getloadavg()[0]],
                **measured,
                "server_mb": _memory_mb(server.pid),
                "together_mb": max(together),
            }
        finally:
            server.terminate()


def _measured(site: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        addresses = {name: f"{site}{name}?trace=1" for name in READY}
        addresses["query"] = f"{site}query?q={TABLE}"
        first = {name: _opened(page, addresses[name], ready) for name, ready in READY.items()}
        again = {name: _opened(page, addresses[name], ready) for name, ready in READY.items()}
        found = {
            "first_visit_s": first,
            "second_visit_s": again,
            **_timeline(page, addresses["timeline"]),
            **_table(page, addresses["query"]),
        }
        browser.close()
    return found


def _opened(page: Any, address: str, ready: str) -> float:
    def visit() -> None:
        page.goto(address)
        _wait(page, ready)

    return _seconds(visit)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return _rounded(time.perf_counter() - began)


def _wait(page: Any, ready: str) -> None:
    end = time.monotonic() + PATIENCE_S
    # the page's policy forbids what Playwright would evaluate there by itself
    while not page.evaluate(f"Boolean({ready})"):
        if time.monotonic() > end:
            raise TimeoutError(f"{page.url}: not true within {PATIENCE_S:g} s: {ready}")
        time.sleep(0.01)


def _timeline(page: Any, address: str) -> dict[str, Any]:
    """Zoom from the whole trace to a 400th, by the wheel, step by step."""
    _opened(page, address, READY["timeline"])
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
    return {"slices": slices, "zoom_steps_s": _spread(sharp), "draw_ms": _spread(draws)}


def _table(page: Any, address: str) -> dict[str, Any]:
    """Sort the table of all kernels by its longest column, then filter it by a name."""
    _opened(page, address, READY["query"])

    def until_rows(act: Callable[[], object]) -> float:
        page.evaluate(f"{_FOOT} = ''")
        return _seconds(lambda: (act(), _wait(page, READY["query"])))

    title = page.locator("button.grid-title", has_text="dur_ns")
    sorts = [until_rows(title.click) for _ in range(2)]
    # Playwright's own way of typing waits for a second
    page.get_by_label("filter name").focus()
    return {
        "rows": int(page.evaluate(_FOOT).split()[0].replace(",", "")),
        "sort_s": max(sorts),
        "filter_s": until_rows(lambda: page.keyboard.type("e")),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": _rounded(statistics.median(values)), "worst": _rounded(max(values))}


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _memory_mb(pid: int, kind: str = "VmHWM") -> int:
    """Resident memory of a process in MB: at its peak, or now (VmRSS)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split(f"{kind}:")[1].split()[0]) // 1000


@contextmanager
def _sampled(server: int) -> Iterator[list[int]]:
    """Resident memory in MB of the server with the processes that it starts, every 50 ms."""
    done, found = threading.Event(), [0]

    def sample() -> None:
        while not done.wait(0.05):
            found.append(sum(_now_mb(pid) for pid in (server, *_children(server))))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _now_mb(pid: int) -> int:
    try:
        return _memory_mb(pid, "VmRSS")
    except (OSError, IndexError):  # it has ended
        return 0


def _children(pid: int) -> list[int]:
    try:
        tasks = [*Path(f"/proc/{pid}/task").iterdir()]
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
