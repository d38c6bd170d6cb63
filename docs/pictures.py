"""Photograph the workbench and the report for the README, in headless Chromium.

`python docs/pictures.py study.duckdb docs/figures` makes workbench.png and report.png. It needs playwright and Debian's chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

from playwright.sync_api import sync_playwright

from genscope.analyze.study import Study

SIZE = {"width": 1400, "height": 900}
TRACE = "stable_diffusion-flash-a100-dry"
# what a picture waits for: the timeline's first boxes, the report's open plots
DRAWN_MS = 4000
# in px, an attention call of the VAE in that trace's timeline
CALL = (918, 226)


def main(study: Path, folder: Path) -> None:
    """Write the pictures of a study into a folder."""
    with Study(study) as opened:
        number = {name: trace_id for trace_id, name in opened.names().items()}[TRACE]
        report = opened.report(Path(tempfile.mkdtemp()) / "report.html")
    server = subprocess.Popen(
        [sys.executable, "-m", "genscope", "view", str(study), "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = (server.stdout.readline() if server.stdout else "").split()[0]
        timeline = address.rpartition("/")[0] + f"/timeline?trace={number}"
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport=SIZE)
            for name, url in (("workbench", timeline), ("report", report.as_uri())):
                page.goto(url)
                page.wait_for_timeout(DRAWN_MS)
                if name == "workbench":
                    page.mouse.click(*CALL)
                    page.wait_for_timeout(DRAWN_MS)
                page.screenshot(path=folder / f"{name}.png")
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
