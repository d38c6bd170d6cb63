"""The report in a real browser: every plot is drawn, nothing is fetched, a phone shows all of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import study_by_hand
from chromium import chromium, picture, until

from genscope.analyze.csv_text import csv_text
from genscope.analyze.plots.save import save_plot
from genscope.analyze.study import Study

# canvases lie in the shadow roots of Bokeh's elements; one that was drawn on is not blank
DRAWN = """() => {
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
}"""

# how far each legend goes beyond the left and the right edge of its plot, in px
BEYOND = """() => {
const legends = (root) => [...root.querySelectorAll('*')].flatMap((node) => [
  ...(node.classList.contains('bk-Legend') ? [node.getBoundingClientRect()] : []),
  ...(node.shadowRoot ? legends(node.shadowRoot) : []),
]);
return [...document.querySelectorAll('.plot')].flatMap((plot) => {
  const edge = plot.getBoundingClientRect();
  return legends(plot).filter((legend) => legend.width).map((legend) => Math.max(edge.left - legend.left, legend.right - edge.right));
});
}"""

# plots are drawn once their section is open; a section with several shows one at a time
UNFOLD = """() => {
document.querySelectorAll('details.section').forEach((section) => { section.open = true; });
document.querySelectorAll('figure').forEach((figure) => figure.classList.remove('later'));
}"""


@dataclass
class Opened:
    """A page, the addresses that it asked for, and its errors."""

    page: Any
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as window:
        yield window


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(study_by_hand.copy(tmp_path_factory.mktemp("study") / "study.duckdb"))


def _new(browser: Any) -> Opened:
    opened = Opened(browser.new_page(viewport={"width": 1100, "height": 1400}))
    opened.page.on("request", lambda asked: opened.asked.append(asked.url))
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on(
        "console",
        lambda said: opened.errors.append(said.text) if said.type == "error" else None,
    )
    return opened


def _files(opened: Opened) -> list[str]:
    """The files that a page asked for, but for what is in the page itself."""
    return [
        url.rpartition("/")[2] for url in opened.asked if not url.startswith(("data:", "blob:"))
    ]


@pytest.fixture(scope="module")
def opened(browser: Any, report_by_hand: Path) -> Opened:
    """The report, with all its plots drawn."""
    found = _new(browser)
    found.page.goto(report_by_hand.as_uri())
    picture(found.page, "report")
    found.page.evaluate(UNFOLD)
    until(found.page, lambda: all(found.page.evaluate(DRAWN)))
    return found


@pytest.fixture
def page(browser: Any, report_by_hand: Path) -> Iterator[Any]:
    """The report as a reader opens it, with nothing unfolded."""
    page = browser.new_page(viewport={"width": 1100, "height": 1400})
    page.goto(report_by_hand.as_uri())
    yield page
    page.close()


def test_every_plot_is_drawn_and_only_the_page_itself_is_fetched(opened: Opened) -> None:
    assert len(opened.page.evaluate(DRAWN)) > 20
    assert _files(opened) == ["report.html"]
    assert opened.errors == []


def test_a_phone_scrolls_in_one_direction_only(opened: Opened) -> None:
    page = opened.page
    page.set_viewport_size({"width": 390, "height": 844})
    try:
        until(page, lambda: page.evaluate("innerWidth") < 600)
        picture(page, "report on a phone")
        wide, seen = page.evaluate("[document.body.scrollWidth, innerWidth]")
        assert wide <= seen
        sizes = page.evaluate(
            "[...document.querySelectorAll('.plot')].map((plot) => plot.getBoundingClientRect().width)"
        )
        assert all(200 < size <= seen for size in sizes)
        beyond = page.evaluate(BEYOND)
        assert len(beyond) > 10 and max(beyond) <= 0
    finally:
        page.set_viewport_size({"width": 1100, "height": 1400})


def test_no_table_scrolls_sideways_on_a_screen(opened: Opened) -> None:
    page = opened.page
    page.set_viewport_size({"width": 1400, "height": 1000})
    try:
        wide = page.evaluate(
            "[...document.querySelectorAll('.section > .table')]"
            ".filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.parentElement.id)"
        )
        assert wide == []
    finally:
        page.set_viewport_size({"width": 1100, "height": 1400})


def test_all_rows_come_from_the_page_itself(opened: Opened, study: Study) -> None:
    page = opened.page
    page.evaluate("document.querySelector('#operator_breakdown details.all').open = true")
    read = "[...document.querySelectorAll('#operator_breakdown .all tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
    until(page, lambda: page.evaluate(read))
    expected = list(csv.reader(csv_text(study.query("operator_breakdown")).splitlines()))
    assert page.evaluate(read) == expected


def test_a_tab_shows_its_plot(page: Any) -> None:
    page.evaluate("location.hash = 'roofline'")
    second = page.locator("#roofline .plot").nth(1)
    page.locator("#roofline .tabs").wait_for()
    assert not second.is_visible()
    page.locator("#roofline .tabs button").nth(1).click()
    assert second.is_visible()
    drawn = DRAWN.replace(
        "document.querySelectorAll('.plot')", "document.querySelectorAll('#roofline .plot')"
    )
    until(page, lambda: page.evaluate(drawn)[1])


def test_search_leaves_the_sections_with_the_words(page: Any) -> None:
    page.locator("#search").fill("stage time")
    shown = "[...document.querySelectorAll('details.section')].filter((section) => !section.hidden).map((section) => section.id)"
    assert page.evaluate(shown) == ["stage_time"]


def test_dark_and_light_change_places(page: Any) -> None:
    theme = (
        "[document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]"
    )
    before = page.evaluate(theme)
    page.locator("#theme").click()
    after = page.evaluate(theme)
    picture(page, f"report, {after[0]}")
    assert {before[0], after[0]} == {"dark", "light"} and before[1] != after[1]


def test_a_single_plot_opens_without_a_network(browser: Any, study: Study, tmp_path: Path) -> None:
    opened = _new(browser)
    opened.page.goto(save_plot(study.plot("operator_breakdown"), tmp_path / "plot.html").as_uri())
    inner = DRAWN.replace(
        "[...document.querySelectorAll('.plot')].map((plot) => painted(plot))", "painted(document)"
    )
    until(opened.page, lambda: opened.page.evaluate(inner))
    assert _files(opened) == ["plot.html"]
