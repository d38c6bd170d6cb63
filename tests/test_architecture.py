"""Who may import whom, and which SQL may read which: any other arrow fails here."""

import ast
import re
from pathlib import Path

import pytest

from genscope.analyze.sql_file import LAYERS, load_layer

ROOT = Path(__file__).resolve().parent.parent
OURS = {"genscope", "capture", "analyze", "queries", "tests", "bench"}
PYTHON = sorted(p for folder in ("capture", "analyze") for p in (ROOT / folder).rglob("*.py"))
# each layer may read these; classify and attribution read each other, never in a circle
MAY_READ = {
    "interval": {"interval"},
    "classify": {"schema", "interval", "classify", "attribution"},
    "attribution": {"schema", "interval", "classify", "attribution"},
    "metric": {"schema", "interval", "classify", "attribution"},
    "nsys": {"schema", "interval", "classify", "attribution", "nsys"},
}


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.split(".")[0] in OURS}


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    side = path.relative_to(ROOT).parts[0]
    imported = _imports(path)
    other = "analyze" if side == "capture" else "capture"
    assert not {name for name in imported if name.split(".")[0] in {other, "genscope", "tests"}}
    if side == "analyze":
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(import|from) torch", text, re.M), "analysis never imports torch"
    part = path.relative_to(ROOT).parts[1]
    if part in {"readers", "plots"} and path.stem not in {"registry", "save"}:
        allowed = ("analyze.errors", f"analyze.{part}")
        assert not {name for name in imported if not name.startswith(allowed)} - {"analyze"}


def test_nothing_heavy_is_imported_with_genscope() -> None:
    top = ast.parse((ROOT / "genscope.py").read_text(encoding="utf-8")).body
    names = {a.name for node in top if isinstance(node, ast.Import) for a in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "sys", "pathlib", "typing", "cyclopts", "analyze.options"}


@pytest.mark.parametrize("layer", MAY_READ)
def test_sql_reads_only_downwards(layer: str) -> None:
    home = {file.name: file.layer for other in LAYERS for file in load_layer(other)}
    for file in load_layer(layer):
        for name in file.inputs:
            if name == "user_kernel_rule":
                continue
            assert name in home, f"{file.origin} reads {name}, which nothing makes"
            assert home[name] in MAY_READ[layer], f"{file.origin} reads {name} of {home[name]}"


def test_names_are_unique_over_all_layers() -> None:
    names = [file.name for layer in LAYERS for file in load_layer(layer)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("pattern", "most"), [("**/*.py", 300), ("queries/**/*.sql", 120)])
def test_files_stay_short(pattern: str, most: int) -> None:
    for path in ROOT.glob(pattern):
        if {".venv", "build"} & set(path.relative_to(ROOT).parts):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        says_why = lines and "lines because" in lines[0]
        assert len(lines) <= most or says_why, f"{path.relative_to(ROOT)} has {len(lines)} lines"
