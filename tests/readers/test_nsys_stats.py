"""queries/nsys against what `nsys stats` prints for the same exports, row by row."""

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.conftest import shared_traces_folder
from tests.readers.nsys_export import staged
from tests.readers.nsys_stats import (
    FOLDER,
    REPORTS,
    TOP,
    Report,
    create_relations,
    differences,
    ours,
    theirs,
    total,
)

FILES = sorted((shared_traces_folder() or Path()).glob("nsys/*.sqlite"))


def _whole() -> dict[tuple[str, str], tuple[int, int, int]]:
    with (FOLDER / "whole.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {(row[0], row[1]): (int(row[2]), int(row[3]), int(row[4])) for row in rows}


WHOLE = _whole()


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def study(request: pytest.FixtureRequest) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """One shared export, with the relations of queries/nsys over its base tables."""
    con = staged(request.param)
    create_relations(con)
    yield request.param, con
    con.close()


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_rows_are_those_that_nsys_printed(
    study: tuple[Path, duckdb.DuckDBPyConnection], report: Report
) -> None:
    path, con = study
    found = ours(report, con)
    whole = WHOLE.get((path.stem, report.name))
    if whole is None:
        # nsys prints nothing: it finds no rows, or no list of copy directions, which we know
        assert not found or report.name == "cuda_gpu_mem_time_sum"
        return
    assert total(found, report) == whole
    wanted = theirs(report, (FOLDER / path.stem / f"{report.name}.csv").read_text("utf-8"))
    assert len(wanted) == min(len(found), TOP)
    texts = {row[: report.texts] for row in wanted}
    assert differences([row for row in found if row[: report.texts] in texts], wanted) == []


@pytest.mark.skipif(shutil.which("nsys") is None, reason="nsys is not on PATH")
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_rows_are_those_that_nsys_prints_here(
    study: tuple[Path, duckdb.DuckDBPyConnection], report: Report, tmp_path: Path
) -> None:
    path, con = study
    copied = tmp_path / path.name
    shutil.copyfile(path, copied)
    command = ["nsys", "stats", "--quiet", "--format", "csv", "--report", report.name, str(copied)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = done.stdout.strip()
    if not printed:
        pytest.skip("nsys prints nothing for this export")
    assert differences(ours(report, con), theirs(report, printed)) == []
