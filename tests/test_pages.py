"""The README and each page of a task say what is so: their commands, Python and SQL are run, and print what they show."""

import shutil
from pathlib import Path

import pytest
from pages import blocks_of, run_page

ROOT = Path(__file__).resolve().parent.parent
# what the pages of a task continue from: docs/README.md says so
FIRST_LOOK = ROOT / "README.md"
TASKS = sorted(
    path
    for path in (ROOT / "docs").glob("*.md")
    if any(block.language == "console" for block in blocks_of(path.read_text(encoding="utf-8")))
)
PIPELINE = ROOT / "docs" / "profile-a-diffusers-pipeline.md"


@pytest.fixture(scope="module")
def first_look(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README was followed, once for all pages."""
    folder = tmp_path_factory.mktemp("first-look")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run_page(FIRST_LOOK) >= 2
    return folder


def test_readme(first_look: Path) -> None:
    assert sorted(path.name for path in first_look.iterdir()) == ["example", "study.duckdb"]


@pytest.mark.parametrize("page", [*TASKS, PIPELINE], ids=lambda page: page.stem)
def test_task(
    page: Path, first_look: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(first_look, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert run_page(page) >= 2


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert len(pages) > 5 and not [name for name in pages if f"({name})" not in index]


@pytest.mark.parametrize(
    ("block", "wrong"),
    [
        ("```console\n$ genscope --version\n9.9.9\n```\n", "genscope --version"),
        ("```console\n$ rm -rf x\n```\n", "not a command of genscope"),
        ("```python\nassert 1 == 2\n```\n", "page.md:1"),
    ],
)
def test_a_page_that_is_wrong_fails(block: str, wrong: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(block, encoding="utf-8")
    with pytest.raises(AssertionError, match=wrong):
        run_page(page)
