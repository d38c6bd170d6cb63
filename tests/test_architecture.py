"""Who may import whom, and which SQL may read which: any other arrow fails here."""

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from genscope.analyze.sql_file import LAYERS, ROOMS, load_layer

ROOT = Path(__file__).resolve().parent.parent
# a room, and the rooms of analyze that it may import; the error class is everybody's
_BASE = {
    "child_process", "connect", "csv_text", "key_columns", "interrupt", "native", "near", "new_file", "predicted", "printable", "rows",
    "whole_file", "written",
}  # fmt: skip
_ASKED = {*_BASE, "load", "plots", "refusal", "sql_file", "trace_filter"}
ANALYZE: dict[str, set[str]] = {
    **{room: set() for room in _BASE},
    "csv_text": {"printable"},
    "key_columns": {"sql_file"},
    "predicted": {"rows", "time_sources"},
    "sql_file": {"connect"},
    "objection": {"connect", "near", "sql_file"},
    "parameters": {"connect", "sql_file"},
    "time_sources": {"rows"},
    "readers": {"native", "whole_file"},
    "plots": {"near", "predicted", "printable", "whole_file"},
    "load": {*_BASE, "objection", "readers", "sql_file"},
    "question": {"load", "objection", "sql_file"},
    "trace_filter": {"sql_file"},
    "refusal": {"chosen", "load", "sql_file", "trace_filter"},
    "chosen": {"load", "near"},
    "needs": set(),
    "answer": {"sql_file"},
    "created": {"load", "parameters", "question", "refusal", "sql_file", "trace_filter"},
    "reasons": {"near", "needs", "refusal", "sql_file"},
    "report": {*_ASKED, "answer", "chosen", "time_sources"},
    "study": {
        *_ASKED,
        "answer",
        "chosen",
        "created",
        "notebook",
        "objection",
        "question",
        "reasons",
        "report",
    },
    "doctor": {*_ASKED, "needs"},
    "notebook": set(),
    "comparable": {"study"},
    "sandbox": {"child_process", "study"},
    "fleet": {*_ASKED, "chosen", "objection", "parameters", "question", "readers", "study"},
    "json_schema": {"doctor", "load", "near", "sql_file", "study"},
    "agent": {
        "doctor",
        "key_columns",
        "load",
        "near",
        "plots",
        "predicted",
        "sandbox",
        "sql_file",
        "study",
    },
    "export": {"load", "near", "readers", "sql_file", "study", "whole_file"},
    "app": {
        *_ASKED,
        *("chosen", "comparable", "doctor", "export", "objection", "question", "sandbox", "study"),
    },
}
# each layer may read these
_TABLES = {"schema", "interval"}
MAY_READ = {
    "interval": {"interval"},
    **{room: {*_TABLES, *ROOMS[: place + 1]} for place, room in enumerate(ROOMS)},
    "metric": {*_TABLES, *ROOMS},
    "nsys": {*_TABLES, *ROOMS, "nsys"},
}


def _modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; genscope/{capture,analyze,queries} are links."""
    found = {}
    for top in ("genscope", "capture", "analyze"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if top == "genscope" and parts[1] in {"capture", "analyze", "queries"}:
                continue
            name = ".".join(parts if top == "genscope" else ("genscope", *parts))
            found[name.removesuffix(".__init__")] = path
    return found


MODULES = _modules()


def _imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names}
    return {name for name in found if name.split(".")[0] in {"genscope", "tests", "bench"}}


def _room(module: str) -> str:
    """'capture', 'cli', 'errors', 'front' or, within analyze, the room."""
    parts = module.split(".")[1:]
    if not parts:
        return "front"
    return parts[1] if parts[0] == "analyze" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way(module: str) -> None:
    mine = _room(module)
    rooms = {_room(name) for name in _imports(MODULES[module])} - {mine, "errors"}
    if mine in {"cli", "front", "__main__"}:
        return
    if mine == "capture":
        # the predictor runs SQL without a study, so that a dry capture can ask it
        assert rooms <= {"predictor"}
    elif mine == "predictor":
        assert rooms <= {"connect", "sql_file"}
    elif mine in ANALYZE:
        assert rooms <= ANALYZE[mine], f"{module} imports {sorted(rooms - ANALYZE[mine])}"
        text = MODULES[module].read_text(encoding="utf-8")
        assert not re.search(r"^\s*(import|from) torch", text, re.M), "analysis never imports torch"
    else:
        assert mine in {"errors", "analyze"} and not rooms, f"{module} is in no room of the plan"


def test_no_import_goes_round_in_a_circle() -> None:
    # a package's __init__ holds its registry at most, so the arrows are between modules
    arrows = {name: _imports(path) & MODULES.keys() - {name} for name, path in MODULES.items()}
    lazy = {("genscope.analyze.study", "genscope.analyze.report.write")}
    tuple(
        TopologicalSorter(
            {n: {t for t in to if (n, t) not in lazy} for n, to in arrows.items()}
        ).static_order()
    )


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_connect_opens_databases(path: Path) -> None:
    """Any other connection could download an extension."""
    opens = re.findall(
        r"duckdb\.(?:connect|sql|query|execute)\b|from duckdb import|import duckdb as",
        path.read_text(encoding="utf-8"),
    )
    if path == ROOT / "analyze" / "connect.py":
        assert opens, "this test looks for the wrong text"
    else:
        assert not opens


def test_nothing_heavy_is_imported_with_genscope() -> None:
    heavy = "{'duckdb', 'polars', 'pandas', 'numpy', 'torch', 'pyarrow', 'holoviews', 'cyclopts'}"
    code = f"import sys, genscope; sys.exit(' '.join({heavy} & sys.modules.keys()) or 0)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


IMPORT_CHECK = """
import os, sys

class Check:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"))

sys.meta_path.insert(0, Check())
from genscope.cli.app import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("command", ["ingest", "doctor", "view"])
def test_a_load_starts_no_threads_of_numpy(command: str, tmp_path: Path) -> None:
    trace = tmp_path / "nothing.json"
    trace.write_text("{}")
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_CHECK, command, str(trace)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"},
    )
    assert (ran.returncode in (1, 2), ran.stdout[:2]) == (True, "1\n"), ran.stderr


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
    names = [file.name for layer in (*LAYERS, "app") for file in load_layer(layer)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("pattern", "most"), [("**/*.py", 300), ("queries/**/*.sql", 120)])
def test_files_stay_short(pattern: str, most: int) -> None:
    for path in ROOT.glob(pattern):
        if {".venv", "build"} & set(path.relative_to(ROOT).parts):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        says_why = lines and "lines because" in lines[0]
        assert len(lines) <= most or says_why, f"{path.relative_to(ROOT)} has {len(lines)} lines"
