"""A job of eight ranks and pairs of traces: figures that slow, independent scripts computed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from genscope.analyze.study import Study
from tests.made_once import folder_of_all_workers, made_once

JOB = "dlrm-8rank-v100"
PAIR = ("vit-base-h100", "vit-base-mi300x")


@pytest.fixture(scope="module")
def study(shared_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    def make(folder: Path) -> None:
        with Study(folder / "study.duckdb") as opened:
            files = [
                shared_traces / JOB,
                *(shared_traces / f"{name}.json.gz" for name in PAIR),
            ]
            assert [found.error for found in opened.ingest(files) if found.error] == []

    folder = made_once(folder_of_all_workers(tmp_path_factory) / "ranks_on_shared_traces", make)
    with Study(folder / "study.duckdb") as opened:
        yield opened


def _figures(shared_traces: Path, name: str) -> list[dict[str, str]]:
    path = shared_traces.parent / "reference" / f"{name}.csv"
    if not path.is_file():
        pytest.skip("no reference figures here")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def test_each_collective_of_each_rank(study: Study, shared_traces: Path) -> None:
    rows = study.sql(
        "SELECT found.*, kernel_class FROM rank_collective AS found "
        "INNER JOIN communication USING (trace_id, kernel_id)"
    )
    mine = {(str(row["ordinal"]), str(row["rank"])): row for row in rows.to_dicts()}
    expected = _figures(shared_traces, "comm_rank")
    assert len(mine) == len(expected) == 64
    columns = [
        *("kernel_class", "collective", "message_bytes", "dur_ns", "wait_ns", "transfer_ns"),
        *("start_skew_ns", "end_skew_ns"),
    ]
    for row in expected:
        found = mine[row["ordinal"], row["rank"]]
        assert {c: _text(found[c]) for c in columns} == {c: row[c] for c in columns}
        assert _text(found["straggler_rank"]) == row["shortest_rank"]


def test_what_each_rank_waits(study: Study, shared_traces: Path) -> None:
    mine = {str(row["rank"]): row for row in study.query("rank_skew").to_dicts()}
    expected = _figures(shared_traces, "comm_rank_total")
    assert len(mine) == len(expected) == 8
    columns = ["collective_count", "comm_ns", "wait_ns", "transfer_ns", "compute_ns", "gpu_busy_ns"]
    for row in expected:
        found = mine[row["rank"]]
        assert {c: _text(found[c]) for c in columns} == {c: row[c] for c in columns}
        assert _text(found["straggler_count"]) == row["shortest_count"]


@pytest.mark.parametrize("pair", [PAIR, ("rank0", "rank7")], ids=lambda pair: pair[0])
def test_where_two_traces_differ(pair: tuple[str, str], study: Study, shared_traces: Path) -> None:
    first, second = pair
    rows = study.query("trace_difference", params={"first": first, "second": second}).to_dicts()
    for level, name in (("total", "compare_total"), ("module", "compare_module")):
        expected = {
            (row.get("module", ""), row.get("op_name", "all")): (
                *(int(row[f"{side}_ns"] or 0) for side in ("a", "b")),
                *(int(row[f"{side}_kernel_count"] or 0) for side in ("a", "b")),
            )
            for row in _figures(shared_traces, name)
            if [Path(row[f"{side}_file"]).name for side in ("a", "b")]
            == [f"{side}.json.gz" for side in pair]
        }
        found = {
            (row["module"] or "", row["op_name"]): tuple(
                row[column] for column in ("a_ns", "b_ns", "a_count", "b_count")
            )
            for row in rows
            if row["level"] == level
        }
        # ranks of a job were not compared by module
        assert expected or (level, first) == ("module", "rank0")
        assert {key: found.get(key) for key in expected} == expected
