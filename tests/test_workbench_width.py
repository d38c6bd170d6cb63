"""The workbench on a phone, its numbers, which pages write as the server does, and comparisons that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chromium import chromium
from workbench import served, study_of_all

from genscope.analyze.app import figures


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(study_of_all(tmp_path_factory)) as server:
        yield server.address.removesuffix("overview")


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    with chromium() as browser:
        yield browser.new_page()


def test_a_phone_shows_every_page_s_name_and_whole_tables(page: Any, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}compare?a=1&b=2")
    page.locator("#rows tbody tr").first.wait_for()
    ends = page.evaluate(
        "[...document.querySelectorAll('nav a, #theme')].map((e) => e.getBoundingClientRect().right)"
    )
    assert len(ends) == 7 and max(ends) <= 390
    # the button is above the names
    assert page.locator("#theme").bounding_box()["y"] < page.locator("nav").bounding_box()["y"]
    assert page.evaluate("document.getElementById('rows').scrollWidth <= 390 - 2 * 28")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    headings = page.locator("#rows th").filter(visible=True).all_inner_texts()
    assert headings == ["class", "A", "B", "difference", "of A"]


def test_a_phone_shows_causes_of_idle_time_whole(page: Any, site: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}overview?trace=1")
    page.locator("#causes td").first.wait_for()
    cut = "[...document.querySelectorAll('#causes td')].filter((e) => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(cut) == 0


def test_a_phone_shows_names_of_attention_modules_whole(page: Any, site: str) -> None:
    page.set_viewport_size({"width": 420, "height": 844})
    page.goto(f"{site}attention?trace=1")
    cell = """([name]) => import(new URL("static/core.js", location.href)).then(({ table }) => {
        document.getElementById("calls").replaceChildren(table([["module", (row) => row]], [name]));
        const td = document.querySelector("#calls td");
        return [td.scrollWidth, td.clientWidth];
    })"""
    page.locator("#calls :is(table, p:not(:text('reading')))").first.wait_for()
    width, room = page.evaluate(cell, ["vision_model.encoder.layers." * 5 + "attention"])
    assert width <= room


def test_the_pages_write_numbers_as_the_server_does(page: Any, site: str) -> None:
    page.goto(f"{site}compare?a=1&b=2")
    values = [0, 3, 12.34, 999.6, 1000, 15_721, 99_960, 1.5e6, 123_456_789, 3.792e9, 4.2e12, None]
    shares = [0, 0.0001, -0.0001, 0.5, 1, None]
    found = page.evaluate(
        """([values, shares]) => import(new URL("static/core.js", location.href)).then((core) =>
          [values.map(core.duration), shares.map(core.percent), values.slice(7).map((value) => core.amount(value))])""",
        [values, shares],
    )
    durations, percents, amounts = found
    assert durations == [*map(figures.duration, values)]
    assert percents == [*map(figures.percent, shares)]
    assert [amount.replace(" ", "") for amount in amounts] == [
        figures.amount(value if value is None else float(value)).replace(" ", "")
        for value in values[7:]
    ]
    assert durations[5] == "15.7 µs" and durations[9] == "3.79 s"


def test_a_refused_comparison_has_its_reason_and_no_colour(page: Any, site: str) -> None:
    def refused(route: Any) -> None:
        route.fulfill(json=route.fetch().json() | {"refusal": "the devices differ"})

    page.route("**/compare/difference*", refused)
    page.goto(f"{site}compare?a=1&b=2")
    page.locator("#refusal:not(:empty)").wait_for()
    assert page.locator("#refusal").inner_text() == (
        "These traces can't be compared: the devices differ."
    )
    assert page.locator("#headline .bad, #headline .good").count() == 0
    page.unroute_all()
