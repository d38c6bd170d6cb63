"""The lessons' pages are as new as their runs and queries: one paper's is made again, and the rest names what exists."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from genscope.analyze.sql_file import load_layer
from genscope.analyze.study import Study
from genscope.capture.catalog import SEEDS
from tests.effort import part

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "traces" / "lessons"
INDEX = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
PAGES = {
    path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "lessons").glob("*.md")
}
sys.path.insert(0, str(ROOT / "docs"))
import lessons  # noqa: E402
from lesson import Run, Runs  # noqa: E402

# between them they ask most of the page's queries; all nine take a minute. One on each change
MADE_AGAIN = part(("pde_plus", "milan"), of=2)


@pytest.fixture(scope="module")
def study() -> Iterator[Study]:
    with lessons.loaded(RUNS, MADE_AGAIN) as study:
        yield study


@pytest.mark.parametrize("model", MADE_AGAIN)
def test_page_is_fresh(model: str, study: Study) -> None:
    found, (lesson,) = {model: lessons.runs_of(study, model)}, lessons.papers()[model]
    made = "\n".join(lessons.page(model, [lesson], found)) + "\n"
    assert made == PAGES[model], "run `make lessons`"
    assert f"| {' | '.join(lessons.summary(model, lesson, found[model]))} |" in INDEX
    assert lesson.figure is not None and lesson.figure(found[model]).bars


def test_every_paper_has_a_page_with_a_small_figure() -> None:
    assert PAGES.keys() == lessons.papers().keys() and len(PAGES) == 9
    for slug, page in PAGES.items():
        figures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)
        assert figures and all(
            (ROOT / "docs" / "lessons" / path).stat().st_size < 40_000 for path in figures
        )
        assert f"](lessons/{slug}.md)" in INDEX and lessons.capitalized(lessons.NOTE) in page


def test_every_variant_has_a_run_at_paper_size() -> None:
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in RUNS.glob("*/manifest.json")]
    assert {(card["size"], card["predicted"], card["asked"]["device"]) for card in cards} == {
        ("paper", True, "a100")
    }
    wanted = {(model, variant) for model, entry in SEEDS.items() for variant in entry.variants}
    assert {(card["model"], card["variant"]) for card in cards} == wanted
    assert {lesson.model for lesson in lessons.LESSONS} == SEEDS.keys()
    assert sum(path.stat().st_size for path in RUNS.glob("*/*")) < 5_000_000


def test_every_query_on_the_page_exists() -> None:
    named = {query for lesson in lessons.LESSONS for query in lesson.queries}
    named |= set(re.findall(r"`genscope query (\w+)`", " ".join(" ".join(PAGES.values()).split())))
    assert len(named) > 8 and named <= {file.name for file in load_layer("metric")}


def test_all_numbers_hold_and_one_that_does_not_is_named() -> None:
    assert "\n".join(PAGES.values()).count("hold in the runs") == len(lessons.LESSONS)
    rows = {"trace_id": [7, 7, 7], "fact": ["flops", "bytes", "operators"], "holds": [True, False, None]}  # fmt: skip
    asked = SimpleNamespace(query=lambda name: pl.DataFrame(rows))
    run = Run("tea, rounds 5", 7, "tea", {}, pl.DataFrame())
    text = lessons._expectations(Runs(asked, {run.name: run}))  # type: ignore[arg-type]
    assert "2 of 3 don't hold" in text and "tea, rounds 5: bytes; tea, rounds 5: operators" in text
