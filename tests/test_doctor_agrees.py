"""The doctor says of every shared trace what the study answers."""

from pathlib import Path

import pytest

from genscope.analyze.doctor.examine import examine
from genscope.analyze.study import Study
from tests.conftest import shared_traces_folder
from tests.effort import part

FOLDER = shared_traces_folder()
TRACES = sorted(FOLDER.rglob("*.json.gz")) if FOLDER else []


@pytest.mark.usefixtures("shared_traces_built_once")
@pytest.mark.parametrize("path", part(TRACES, of=4), ids=lambda path: path.name)
def test_steps_and_components_are_those_of_the_study(path: Path, tmp_path: Path) -> None:
    (found,) = examine([path])
    assert found.supports is not None
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(path)
        components = set(study.query("stage_time")["component"]) - {"unattributed"}
        steps = study.query("step_time")["step"]
    assert bool(components) is (found.supports["stage_time"] is None), found.supports["stage_time"]
    assert bool(len(steps)) is (found.supports["step_time"] is None), found.supports["step_time"]
