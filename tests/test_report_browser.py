"""The report in a real browser: every plot is drawn, nothing is fetched, a phone shows all of it."""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import study_by_hand
from chromium import FLAGS

from genscope.analyze.csv_text import csv_text
from genscope.analyze.plots.save import save_plot
from genscope.analyze.study import Study

# canvases lie in the shadow roots of Bokeh's elements; one that was drawn on is not blank
DRAWN = """
const painted = (root) => {
  let count = 0;
  for (const node of root.querySelectorAll('*')) {
    if (node.tagName === 'CANVAS' && node.width && node.height) {
      const data = node.getContext('2d').getImageData(0, 0, node.width, node.height).data;
      if (data.some((value) => value !== 0 && value !== 255)) count += 1;
    }
    if (node.shadowRoot) count += painted(node.shadowRoot);
  }
  return count;
};
return [...document.querySelectorAll('.plot')].map((plot) => painted(plot));
"""

# plots are drawn once their section is open; a section with several shows one at a time
UNFOLD = """
document.querySelectorAll('details.section').forEach((section) => { section.open = true; });
document.querySelectorAll('figure').forEach((figure) => figure.classList.remove('later'));
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium and chromedriver here: install Debian's packages of these names")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, "--headless", "--window-size=1100,1400", f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = Chrome(options=options, service=Service(driver))
    yield window
    window.quit()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb"))


@pytest.fixture(scope="module")
def opened(browser: Any, report_by_hand: Path) -> Any:
    """The browser with the report in it, its plots drawn as far as they will be."""
    browser.get(report_by_hand.as_uri())
    browser.execute_script(UNFOLD)
    _wait(lambda: all(browser.execute_script(DRAWN)))
    return browser


def _wait(done: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.2)


def _requests(browser: Any) -> list[str]:
    """Addresses that pages asked for, but for their own file and what is in the page itself."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            params = message["params"]
            # a fresh window's own start page fetches things before any page of ours is opened
            if params.get("documentURL", "").startswith("chrome"):
                continue
            found.append(params.get("url") or params["request"]["url"])
    return [url for url in found if not url.startswith(("data:", "blob:", "chrome:"))]


def test_every_plot_is_drawn_and_only_the_page_itself_is_fetched(opened: Any) -> None:
    drawn = opened.execute_script(DRAWN)
    assert len(drawn) > 20
    assert all(drawn), f"plots without a drawing: {[n for n, c in enumerate(drawn) if not c]}"
    assert [url.rpartition("/")[2] for url in _requests(opened)] == ["report.html"]
    errors = [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_a_phone_scrolls_in_one_direction_only(opened: Any) -> None:
    opened.set_window_size(390, 844)
    try:
        _wait(lambda: opened.execute_script("return innerWidth") < 600)
        wide, seen = opened.execute_script("return [document.body.scrollWidth, innerWidth]")
        assert wide <= seen
        sizes = opened.execute_script(
            "return [...document.querySelectorAll('.plot')].map(p => p.getBoundingClientRect().width)"
        )
        assert all(200 < size <= seen for size in sizes)
    finally:
        opened.set_window_size(1100, 1400)


def test_all_rows_come_from_the_page_itself(opened: Any, study: Study) -> None:
    section = opened.find_element("id", "operator_breakdown")
    opened.execute_script("arguments[0].querySelector('details.all').open = true", section)
    read = "return [...arguments[0].querySelectorAll('.all tr')].map(r => [...r.cells].map(c => c.textContent))"
    _wait(lambda: opened.execute_script(read, section))
    shown = opened.execute_script(read, section)
    assert shown == list(csv.reader(csv_text(study.query("operator_breakdown")).splitlines()))


def test_a_tab_shows_its_plot(browser: Any, report_by_hand: Path) -> None:
    # a new document, in which nothing is unfolded
    browser.get("about:blank")
    browser.get(report_by_hand.as_uri() + "#roofline")
    section = browser.find_element("id", "roofline")
    _wait(lambda: section.get_attribute("open") is not None)
    second = browser.execute_script("return arguments[0].querySelectorAll('.plot')[1]", section)
    assert not second.is_displayed()
    section.find_elements("css selector", ".tabs button")[1].click()
    assert second.is_displayed()
    drawn = DRAWN.replace("document.querySelectorAll", "arguments[0].querySelectorAll")
    _wait(lambda: browser.execute_script(drawn, section)[1])
    assert browser.execute_script(drawn, section)[1]


def test_search_leaves_the_sections_with_the_words(browser: Any, report_by_hand: Path) -> None:
    browser.get(report_by_hand.as_uri())
    browser.find_element("id", "search").send_keys("stage time")
    shown = "return [...document.querySelectorAll('details.section')].filter(s => !s.hidden).map(s => s.id)"
    assert browser.execute_script(shown) == ["stage_time"]


def test_dark_and_light_change_places(browser: Any, report_by_hand: Path) -> None:
    browser.get(report_by_hand.as_uri())
    theme = "return [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"
    before = browser.execute_script(theme)
    browser.execute_script("document.getElementById('theme').click()")
    after = browser.execute_script(theme)
    assert {before[0], after[0]} == {"dark", "light"} and before[1] != after[1]


def test_a_single_plot_opens_without_a_network(browser: Any, study: Study, tmp_path: Path) -> None:
    browser.get_log("performance")
    page = save_plot(study.plot("operator_breakdown"), tmp_path / "plot.html")
    browser.get(page.as_uri())
    inner = DRAWN.replace(
        "[...document.querySelectorAll('.plot')].map((plot) => painted(plot))", "painted(document)"
    )
    _wait(lambda: browser.execute_script(inner))
    assert browser.execute_script(inner)
    assert [url.rpartition("/")[2] for url in _requests(browser)] == ["plot.html"]
