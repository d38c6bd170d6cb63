"""docs/lessons.md is as new as its runs and queries: the sections of two papers are made again, and the rest names what exists."""

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

ROOT = Path(__file__).resolve().parent.parent
RUNS = ROOT / "traces" / "lessons"
PAGE = (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "docs"))
import lessons  # noqa: E402
from lesson import Run, Runs  # noqa: E402

# between them they ask most of the page's queries; all nine take a minute
MADE_AGAIN = ("pde_plus", "milan")


@pytest.fixture(scope="module")
def study() -> Iterator[Study]:
    with lessons.loaded(RUNS, MADE_AGAIN) as study:
        yield study


@pytest.mark.parametrize("model", MADE_AGAIN)
def test_section_is_fresh(model: str, study: Study) -> None:
    (lesson,) = (lesson for lesson in lessons.LESSONS if lesson.model == model)
    runs = lessons.runs_of(study, model)
    (found,) = re.findall(rf"^## \d\. {re.escape(lesson.title)}\n\n(.*?)(?=\n## |\Z)", PAGE, re.M | re.S)  # fmt: skip
    assert found.rstrip() == "\n".join(lessons.section(lesson, runs)), "run `make lessons`"
    assert lessons.capitalized(lessons.NOTE) in PAGE, "run `make lessons`"
    assert f"| {' | '.join(lessons.summary(lesson, runs))} |" in PAGE, "run `make lessons`"


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
    named |= set(re.findall(r"`genscope query (\w+)`", " ".join(PAGE.split())))
    assert len(named) > 8 and named <= {file.name for file in load_layer("metric")}


def test_all_numbers_hold_and_one_that_does_not_is_named() -> None:
    assert PAGE.count("hold in the runs") == len(lessons.LESSONS)
    rows = {"trace_id": [7, 7, 7], "fact": ["flops", "bytes", "operators"], "holds": [True, False, None]}  # fmt: skip
    asked = SimpleNamespace(query=lambda name: pl.DataFrame(rows))
    run = Run("tea, rounds 5", 7, "tea", {}, pl.DataFrame())
    text = lessons._expectations(Runs(asked, {run.name: run}))  # type: ignore[arg-type]
    assert "2 of 3 don't hold" in text and "tea, rounds 5: bytes; tea, rounds 5: operators" in text
