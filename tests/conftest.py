"""Fixtures that several test files share."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.made_once import folder_of_all_workers, made_once

ROOT = Path(__file__).resolve().parent.parent

# modules whose objects the collector leaves alone
_spared = 0

# rows worked out by hand: a thousand folders without a test file
collect_ignore = ["queries"]

# The workers share the cores: a second thread of torch's would wait, spinning, for one that another worker has
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"


# they import diffusers, which takes as long as ten tests
BUILD_MODELS = ("capture", "test_attribution_unlabelled.py", "test_bare_traces.py", "test_flops.py", "test_golden_stable_diffusion.py", "test_pages.py")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that build models first: one worker starts with the first half, so the other imports no diffusers."""
    tests = ROOT / "tests"
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in BUILD_MODELS)


def pytest_collection_finish() -> None:
    """Collect garbage less often, and never what the imports made: each full collection looks through all else."""
    _spare_imports()
    gc.set_threshold(20_000, 20, 50)


def pytest_runtest_teardown() -> None:
    """The same once a test has imported diffusers, of which a full collection takes 0.2 s."""
    if len(sys.modules) > _spared + 1000:
        _spare_imports()


def _spare_imports() -> None:
    global _spared  # noqa: PLW0603
    _spared = len(sys.modules)
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _loads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Follow the mark loads_for, see loads_for."""
    mark = request.node.get_closest_marker("loads_for")
    if mark is None:
        yield
    else:
        from tests.loads import loads_for

        # what is built for all tests must be whole
        assert "shared_traces_built_once" not in request.fixturenames
        with loads_for(*mark.args):
            yield


def shared_traces_folder() -> Path | None:
    """Folder with traces that others made (GENSCOPE_TRACES, else ../shared/traces), or None."""
    folder = Path(os.environ.get("GENSCOPE_TRACES", ROOT.parent / "shared" / "traces"))
    return folder if (folder / "manifest.csv").is_file() else None


@pytest.fixture(scope="session")
def shared_traces() -> Path:
    """The folder of other people's traces; skips the test where it is not present."""
    folder = shared_traces_folder()
    if folder is None:
        pytest.skip("no traces of others here: set GENSCOPE_TRACES to a folder with manifest.csv")
    return folder


@pytest.fixture
def shared_traces_built_once(
    shared_traces: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Each of other people's traces is built by the first test that needs it."""
    from tests.traces_of_others import each_built_once

    with each_built_once(shared_traces, folder_of_all_workers(tmp_path_factory) / "built"):
        yield


@pytest.fixture(scope="session")
def drawn_here() -> None:
    """Reports are drawn in this process, which sees what a test replaces and takes less time than a new one."""
    import holoviews  # noqa: F401


@pytest.fixture(scope="session")
def report_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the study that is put together by hand, drawn by another process."""
    import study_by_hand

    from genscope.analyze.study import Study

    def make(folder: Path) -> None:
        with (
            pytest.MonkeyPatch.context() as patch,
            Study(study_by_hand.copy(folder / "study.duckdb")) as study,
        ):
            patch.delitem(sys.modules, "holoviews", raising=False)
            study.report(folder / "report.html")

    return made_once(folder_of_all_workers(tmp_path_factory) / "report", make) / "report.html"
