"""The wheel holds one package with its SQL and its example, and works next to files that are named like its parts."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("setuptools")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the contents of a wheel that was built from a copy of what the build reads."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in (
        "pyproject.toml",
        "setup.py",
        "README.md",
        "LICENSE",
        "capture",
        "analyze",
        "queries",
    ):
        (source / name).symlink_to(ROOT / name)
    # its three links would be the parts a second time, and a build writes next to its source
    (source / "genscope").mkdir()
    for path in (ROOT / "genscope").iterdir():
        if path.name not in {"capture", "analyze", "queries"}:
            (source / "genscope" / path.name).symlink_to(path)
    build = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    ran = _run([*build, "--wheel-dir", str(folder), str(source)], folder)
    assert ran.returncode == 0, ran.stderr
    (wheel,) = folder.glob("genscope-*.whl")
    assert re.search(r"-py3-none-(?!any)\w+\.whl$", wheel.name)
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def _run(arguments: list[str], cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_package_with_all_its_files(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"genscope"}
    for part, pattern in (("queries", "*.sql"), ("analyze", "*.py"), ("capture", "*.py")):
        assert _files(unpacked / "genscope", part, pattern) == _files(ROOT, part, pattern) != set()
    assert (unpacked / "genscope/analyze/native/native.so").is_file()
    others = {"genscope/py.typed", "genscope/queries/README.md", "genscope/analyze/report/page.css"}
    for folder, pattern in (("static", "*.js"), ("templates", "*.html")):
        part = f"analyze/app/{folder}"
        assert _files(unpacked / "genscope", part, pattern) == _files(ROOT, part, pattern) != set()
    assert not [name for name in others if not (unpacked / name).is_file()]
    assert len(_files(unpacked / "genscope", "example", "trace.json.gz")) == 2


def _files(root: Path, part: str, pattern: str) -> set[Path]:
    return {path.relative_to(root) for path in (root / part).rglob(pattern)}


def test_it_answers_in_a_folder_with_an_analyze_of_the_users(
    unpacked: Path, tmp_path: Path
) -> None:
    for name in ("analyze.py", "capture.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module was imported')\n")
    (tmp_path / "queries").mkdir()
    where = "import genscope, genscope.queries as q; print(genscope.__file__, q.__file__)"
    parts = _run(["-c", where], tmp_path, str(unpacked)).stdout.split()
    assert len(parts) == 2 and all(Path(part).is_relative_to(unpacked) for part in parts)
    assert _run(["-m", "genscope", "example"], tmp_path, str(unpacked)).returncode == 0
    ran = _run(["-m", "genscope", "ingest", "example"], tmp_path, str(unpacked))
    assert (ran.returncode, ran.stderr) == (0, "")
    ask = ["-m", "genscope", "query", "operator_breakdown", "--format", "csv"]
    ran = _run(ask, tmp_path, str(unpacked))
    assert ran.returncode == 0, ran.stderr
    header, *rows = ran.stdout.splitlines()
    assert header.startswith("trace_id,trace_name,") and any(",attention," in row for row in rows)
