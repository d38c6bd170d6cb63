"""The pages that are generated are as new as the code, and the README's tree is the real one."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = runpy.run_path(str(ROOT / "docs" / "generate.py"))["PAGES"]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_page_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run `make docs`"


def test_every_command_is_in_the_readme() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    commands = re.findall(r"^## genscope (\w+)$", page, re.M)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert commands and not [name for name in commands if f"genscope {name}" not in readme]


def test_readme_tree_names_what_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## The tree\n.*?```\n(.*?)```", readme, re.S)
    assert block, "README.md has no section 'The tree'"
    named = [line.split()[0] for line in block[1].splitlines() if line and not line.startswith(" ")]
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
    tops = {p.name for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")}
    shown = {name.split("/")[0] for name in named}
    assert not tops - shown - {"build", "genscope.egg-info", "__pycache__"}
