"""The doctor says of every shared trace what the study answers."""

from pathlib import Path

import polars as pl
import pytest

from genscope.analyze.doctor.examine import examine
from genscope.analyze.sql_file import SqlFile, load_layer
from genscope.analyze.study import Study
from genscope.errors import UserError
from tests.conftest import shared_traces_folder
from tests.effort import part

FOLDER = shared_traces_folder()
TRACES = sorted(FOLDER.rglob("*.json.gz")) if FOLDER else []
# every metric is asked of these, which takes seconds for each
SMALL = sorted(
    path
    for path in (FOLDER.rglob("*") if FOLDER else [])
    if path.name.endswith((".json.gz", ".sqlite", ".csv"))
    and path.name != "manifest.csv"
    and path.stat().st_size < 400_000
)
# columns that measure something
UNITS = ("_ns", "_bytes", "_flops", "flops", "bytes", "_count", "_frac", "_len", "_mfu")


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


@pytest.mark.usefixtures("shared_traces_built_once")
@pytest.mark.parametrize("path", part(SMALL, of=6), ids=lambda path: path.name)
def test_what_the_doctor_calls_impossible_has_no_answer(path: Path, tmp_path: Path) -> None:
    """Each metric: no answer where the doctor says so, and no rows of NULLs where it does not."""
    (found,) = examine([path])
    if found.supports is None:
        pytest.skip(str(found.error))
    wrong = []
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(path)
        for metric in load_layer("metric"):
            if "pair" in metric.needs:
                continue
            reason = found.supports[metric.name]
            try:
                rows = study.query(metric.name)
            except UserError:
                rows = pl.DataFrame()
            if reason is not None and not _is_refused(metric, rows):
                wrong.append(f"{metric.name}: {len(rows)} rows, but {reason}")
            if reason is None and len(rows) and _is_unknown(rows):
                wrong.append(f"{metric.name}: only NULLs, without a reason")
    assert wrong == []


def _is_refused(metric: SqlFile, rows: pl.DataFrame) -> bool:
    """No rows, or each says itself why it has no answer, or that what is asked is unknown."""
    if "phase" in rows.columns:
        return all(name == "unknown" for name in rows["phase"])
    if "query_len" in rows.columns:
        return rows["query_len"].null_count() == len(rows)
    said = [name for name in rows.columns if name.endswith("_refusal")]
    if "component" in metric.needs:
        return all(name == "unattributed" for name in rows["component"])
    return rows.is_empty() or any(rows[name].null_count() == 0 for name in said)


def _is_unknown(rows: pl.DataFrame) -> bool:
    """Whether nothing is known in any row that one would measure."""
    measured = [name for name in rows.columns if name.endswith(UNITS)]
    return bool(measured) and all(rows[name].null_count() == len(rows) for name in measured)
