"""The workbench in a real browser: each page works, names are text, and nothing leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import chromium, picture, until
from workbench import GEMM, LAYERS, SOFTMAX, STEPS, served, study_of_all

from genscope.analyze.study import Study

SECONDS = 30_000
DRAWN = "[...document.querySelectorAll('.figure-box')].length && [...document.querySelectorAll('.figure-box > *')].every(e => e.shadowRoot?.querySelector('canvas, .bk-Canvas') || e.shadowRoot)"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study_of_all(tmp_path_factory)


@pytest.fixture(scope="module")
def site(study: Path) -> Iterator[str]:
    with served(study) as server:
        yield server.address.removesuffix("overview")


# tests that run SQL with a fault in it, whose answer the browser lists as an error
_ASKS_WRONGLY = {"test_a_query_is_written_run_and_cancelled"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as window:
        yield window


@pytest.fixture
def page(browser: Any, site: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page that must have no error, ask nobody else, and run no script from a name."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(SECONDS)
    errors: list[str] = []
    foreign: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("dialog", lambda dialog: (errors.append("a name ran as a script"), dialog.dismiss()))
    opened.on(
        "request",
        lambda asked: (
            foreign.append(asked.url)
            if not asked.url.startswith((site, "data:", "blob:"))
            else None
        ),
    )
    yield opened
    picture(opened, request.node.name)
    context.close()
    if request.node.name in _ASKS_WRONGLY:
        errors = [error for error in errors if "status of 400" not in error]
    assert errors == []
    assert foreign == []


def _until(page: Any, condition: str) -> None:
    """Wait until a condition in the page holds: its policy forbids what Playwright would evaluate there."""
    until(page, lambda: page.evaluate(condition))


def _timeline(page: Any, address: str) -> None:
    page.goto(address)
    _until(page, "window.genscopeTimeline?.boxes && window.genscopeTimeline?.overview")


def _view(page: Any) -> tuple[float, float]:
    start, end = page.evaluate("[genscopeTimeline.from, genscopeTimeline.until]")
    return start, end


def test_the_overview_leads_to_the_timeline(page: Any, site: str) -> None:
    page.goto(f"{site}overview?trace=1")
    assert page.locator(".traces tbody tr").count() == 2
    assert page.locator("h1").inner_text() == "fast"
    page.locator("#causes tbody tr").first.wait_for()
    savings = page.request.get(f"{site}overview/opportunities?trace=1").json()["rows"]
    assert page.locator(".opportunities li").count() == len(savings)
    kernels = page.locator("section", has_text="Kernels that take the most time")
    assert page.locator("img").count() == 0
    kernels.locator("a", has_text=SOFTMAX).click()
    _until(page, "window.genscopeTimeline?.selected")
    assert page.locator("#facts h2").inner_text() == SOFTMAX


def test_wheel_keys_and_drag_move_the_timeline(page: Any, site: str) -> None:
    _timeline(page, f"{site}timeline?trace=1")
    box = page.locator("canvas").bounding_box()
    whole = _view(page)
    page.mouse.move(box["x"] + 700, box["y"] + 150)
    page.mouse.wheel(0, -600)
    _until(page, "genscopeTimeline.until - genscopeTimeline.from < genscopeTimeline.span * 0.9")
    zoomed = _view(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 150, steps=3)
    page.mouse.up()
    assert _view(page)[0] > zoomed[0]
    page.keyboard.down("w")
    _until(
        page, f"genscopeTimeline.until - genscopeTimeline.from < {(zoomed[1] - zoomed[0]) * 0.9}"
    )
    page.keyboard.up("w")
    page.keyboard.press("0")
    assert _view(page) == whole
    _until(page, "!location.search.includes('until')")
    # the arrow after a name pins its track above all others, and lets it go again
    named = "genscopeTimeline.rows.map((row) => row.track.name)"
    last = page.evaluate(named)[-1]
    page.locator("canvas").click(
        position=page.evaluate(
            "({x: 184, y: genscopeTimeline.y(genscopeTimeline.rows.length - 1) + 8})"
        )
    )
    assert page.evaluate(named)[0] == last
    page.evaluate("genscopeTimeline.scrollTo(99)")
    assert page.evaluate("genscopeTimeline.y(0) === genscopeTimeline.top")
    page.locator("canvas").click(
        position={"x": 184, "y": page.evaluate("genscopeTimeline.top") + 8}
    )
    assert page.evaluate(named)[-1] == last


def test_a_click_shows_what_the_links_know(page: Any, site: str) -> None:
    _timeline(page, f"{site}timeline?trace=1")
    # the first product: its place on the canvas follows from its time
    x, y = page.evaluate(
        """() => { const view = genscopeTimeline, boxes = view.boxes;
        const line = view.meta.lines.find((line) => line.kind === 'stream').line;
        let i = boxes.first[line]; view.go(boxes.start[i] - 20000, boxes.start[i] + 60000);
        return [view.x(boxes.start[i] + 8000), view.y(view.rowOf.get(line)) + 8]; }"""
    )
    _until(page, "genscopeTimeline.boxes.perPixel < 1000")
    page.locator("canvas").click(position={"x": x, "y": y})
    page.locator("#facts dl").wait_for()
    # its equals come after the facts
    _until(page, "document.getElementById('facts').innerText.includes('4 calls')")
    facts = page.locator("#facts").inner_text()
    for known in (GEMM, "aten::mm", "cudaLaunchKernel", "linear"):
        assert known in facts
    page.get_by_role("button", name="same shape ›").click()
    _until(page, "location.search.includes(`ref=${1 + 3 * 10}`)")
    address = page.url
    page.get_by_role("button", name="launching call").click()
    _until(page, "document.querySelector('#facts h2').textContent === 'cudaLaunchKernel'")
    # the address alone leads to the same kernel
    _timeline(page, address)
    _until(page, "genscopeTimeline.selected?.ref === 31")


def test_a_range_has_the_sums_of_sql(page: Any, site: str, study: Path) -> None:
    _timeline(page, f"{site}timeline?trace=1")
    box = page.locator("canvas").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + 400, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 900, box["y"] + 150, steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    _until(page, "document.querySelector('#range h2').textContent.startsWith('Range')")
    page.get_by_role("button", name="kernel", exact=True).click()
    bounds = page.evaluate("new URLSearchParams(location.search).get('range')").split("-")
    with Study(study) as opened:
        count = opened.sql(
            f"SELECT count(*) FROM kernel WHERE trace_id = 1 AND name = '{GEMM}' "
            f"AND start_ns < {bounds[1]} AND start_ns + dur_ns > {bounds[0]}"
        ).item()
    row = page.locator("#range tbody tr", has_text=GEMM)
    assert 0 < count < LAYERS * STEPS and row.locator("td").nth(1).inner_text() == str(count)


def test_search_steps_through_the_hits(page: Any, site: str) -> None:
    _timeline(page, f"{site}timeline?trace=1")
    page.keyboard.press("/")
    page.keyboard.type("<img")
    page.keyboard.press("Enter")
    hits = LAYERS * STEPS
    _until(page, f"document.getElementById('hits').textContent === '1 of {hits}'")
    page.locator("#next").click()
    _until(page, f"document.getElementById('hits').textContent === '2 of {hits}'")
    page.locator("#facts dl").wait_for()
    assert (
        page.locator("#facts h2").inner_text().startswith("<img src=x onerror=alert(1)>*bold*\\x1b")
    )
    assert page.locator("img").count() == 0


def test_two_traces_are_compared(page: Any, site: str) -> None:
    page.goto(f"{site}compare?a=1&b=2&level=kernel")
    _until(page, "window.genscopeViews?.length === 2 && genscopeViews.every((view) => view.boxes)")
    _until(page, DRAWN)
    # softmax takes three times as long: 40 times 20 µs more
    assert "+800 µs" in page.locator("#headline").inner_text()
    first = page.locator("#rows tbody tr").first.inner_text()
    assert SOFTMAX in first and "+800 µs" in first
    page.locator("#viewA canvas").hover(position={"x": 600, "y": 120})
    page.mouse.wheel(0, -400)
    _until(
        page,
        "Math.abs((genscopeViews[0].from - genscopeViews[0].zero) - (genscopeViews[1].from - genscopeViews[1].zero)) < 1",
    )
    page.locator("#level").select_option("category")
    _until(page, "document.querySelector('#rows th').textContent === 'class'")


def test_a_long_trace_beside_a_short_one_is_shown_whole(page: Any, site: str) -> None:
    page.goto(f"{site}compare?a=1&b=2")
    _until(page, "window.genscopeViews?.length === 2 && genscopeViews.every((view) => view.boxes)")
    page.evaluate("genscopeViews[1].span *= 100")
    page.keyboard.press("0")
    _until(page, "genscopeViews.every((view) => view.from <= view.zero && view.until >= view.span)")
    _until(
        page,
        "genscopeViews[0].from - genscopeViews[0].zero === genscopeViews[1].from - genscopeViews[1].zero",
    )


def test_a_query_is_written_run_and_cancelled(page: Any, site: str) -> None:
    page.goto(f"{site}query")
    editor = page.locator("textarea")
    editor.fill("SELECT name, dur_ns FROM ker")
    editor.press("End")
    page.keyboard.type("n")
    page.locator(".completions li", has_text="kernel").first.wait_for()
    page.keyboard.press("Tab")
    assert editor.input_value().startswith("SELECT name, dur_ns FROM kernel")
    editor.fill("SELECT name, dur_ns, trace_id, kernel_id FROM kernel")
    editor.press("Control+Enter")
    page.locator(".grid-row").first.wait_for()
    counted = "document.querySelector('.grid-foot').textContent.startsWith('{} rows')"
    _until(page, counted.format(2 * 3 * LAYERS * STEPS))
    page.get_by_label("filter dur_ns").fill("= 30000")
    _until(page, counted.format(LAYERS * STEPS))
    page.locator(".grid-row").first.click()
    assert "kind=stream" in page.locator("#place").get_attribute("href")
    with page.expect_download() as saved:
        page.locator("#csv").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 2 * 3 * LAYERS * STEPS and lines[0] == "name,dur_ns,trace_id,kernel_id"
    editor.fill("SELECT count(*) FROM range(100000000000)")
    page.locator("#run").click()
    page.locator("#stop").click()
    page.get_by_text("you cancelled it").wait_for()
    editor.fill("SELECT * FROM read_csv('/etc/passwd')")
    page.locator("#run").click()
    page.get_by_text("file system operations are disabled").wait_for()


def test_a_shared_query_is_answered(page: Any, site: str) -> None:
    page.goto(f"{site}query?q=SELECT+name+AS+%22%3Cb%3E%22+FROM+trace")
    page.locator(".grid-row").first.wait_for()
    assert page.locator(".grid-title").inner_text() == "<b>"
    page.goto(f"{site}query?q=SELECT+trace_name,+gpu_busy_ns+FROM+gpu_time")
    page.locator(".grid-row").first.wait_for()
    page.locator("#chart").click()
    _until(page, DRAWN)


def test_plots_are_drawn_and_saved(page: Any, site: str) -> None:
    page.goto(f"{site}plots?trace=1&name=kernel_summary&theme=dark")
    _until(page, DRAWN)
    with page.expect_download() as saved:
        page.locator(".save", has_text="SVG").click()
    assert b"<svg" in Path(saved.value.path()).read_bytes()
    page.get_by_role("button", name="Time of collectives").click()
    page.get_by_text("No rows for").wait_for()


def test_a_window_is_saved_for_perfetto(page: Any, site: str) -> None:
    _timeline(page, f"{site}timeline?trace=1")
    answer = page.request.get(f"{site}timeline/perfetto?trace=1&from=0&until=200000")
    events = answer.json()["traceEvents"]
    names = {event["name"] for event in events if event["ph"] == "X"}
    assert {GEMM, "aten::mm", "cudaLaunchKernel"} <= names
    assert answer.headers["content-disposition"] == 'attachment; filename="timeline.json"'
    assert page.locator("#perfetto").inner_text() in ("Open in Perfetto", "Save for Perfetto")


def test_light_and_dark_and_keys(page: Any, site: str) -> None:
    page.goto(f"{site}attention?trace=1&theme=light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.keyboard.press("1")
    page.wait_for_url("**/overview?trace=1")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
