"""Traces that share a part of a lake are asked, replaced, refused and merged each on its own."""

import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from genscope.analyze.fleet import ingest as fleet_ingest
from genscope.analyze.fleet.batches import batches
from genscope.analyze.fleet.ingest import ingest, merge
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.question import failures, query, sql
from genscope.analyze.fleet.source import Source
from genscope.analyze.load.ingest import IngestResult
from genscope.errors import UserError

ALL = [("rank0", 1), ("rank0-2", 2), ("rank1", 3), ("rank2", 4)]
pytestmark = pytest.mark.loads_for("gpu_time")
each_size = pytest.mark.parametrize("most", [1, 3])


def _write(path: Path, kernels: int) -> None:
    """Write a trace with kernels of 1, 2, ... µs."""
    events = [
        {"ph": "X", "cat": "kernel", "name": "gemm", "pid": 0, "tid": 7, "ts": 10 * i, "dur": i}
        | {"args": {"device": 0, "stream": 7, "correlation": i}}
        for i in range(1, kernels + 1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"traceEvents": events, "deviceProperties": [{"id": 0}]}))


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A folder with four traces of 1, 2, 3 and 4 kernels; two have the same name."""
    for i, name in enumerate(("a/rank0", "b/rank0", "c/rank1", "d/rank2"), start=1):
        _write(tmp_path / "traces" / f"{name}.json", i)
    return tmp_path / "traces"


def _load(traces: Path, most: int) -> str:
    lake = str(traces.parent / "lake")
    outcomes = ingest(lake, [str(traces)], most=most)
    assert "failed" not in {outcome.status for outcome in outcomes}
    return lake


def _counts(lake: str) -> list[tuple[str, int]]:
    return query(lake, "gpu_time").frame.select("trace_name", "kernel_count").rows()


def _parts(lake: str) -> int:
    return len(list(Path(lake, "parts").iterdir()))


@each_size
def test_a_statement_sees_one_trace_with_its_number_and_name_in_the_lake(
    traces: Path, most: int
) -> None:
    lake = _load(traces, most)
    assert _parts(lake) == -(-4 // most) and _counts(lake) == ALL
    held = "SELECT trace_id AS number, trace.name FROM trace JOIN kernel USING (trace_id)"
    rank = f"SELECT number, any_value(name) AS name, count(*) AS n FROM ({held}) GROUP BY number"
    assert sql(lake, rank).frame.rows() == [(i, n, k, i, n) for i, (n, k) in enumerate(ALL, 1)]
    # a metric of the statement sees one trace too, and its rows stay those of one number
    busy = "SELECT kernel_count FROM gpu_time WHERE trace_id = 3"
    assert sql(lake, busy).frame["kernel_count"].to_list() == [3]
    assert (
        sql(lake, "SELECT count(*) AS n FROM kernel", "SELECT sum(n)::INT FROM part").frame.item()
        == 10
    )
    one = sql(lake, "SELECT count(*) AS n FROM kernel", trace="rank1").frame
    assert one.rows() == [(3, 3, "rank1")]
    for name in ("study.kernel", "study.main.kernel", '"STUDY".kernel'):
        with pytest.raises(UserError, match=r"study\.<table> would read other traces too"):
            sql(lake, f"SELECT * FROM {name}")


@each_size
def test_a_trace_whose_file_changed_answers_no_more_and_its_copy_does(
    traces: Path, most: int
) -> None:
    lake = _load(traces, most)
    shutil.copy(traces / "b" / "rank0.json", traces / "b" / "copy.json")
    _write(traces / "a" / "rank0.json", 8)
    _write(traces / "b" / "rank0.json", 9)
    assert ingest(lake, [str(traces)], most=most)
    # the rows of rank0 with two kernels are those of the copy by now
    assert sorted(count for _, count in _counts(lake)) == [2, 3, 4, 8, 9]
    (traces / "b" / "copy.json").unlink()
    ingest(lake, [str(traces / "b")], most=most)
    assert sorted(count for _, count in _counts(lake)) == [3, 4, 8, 9]
    # a trace that can't be read any more keeps what it had
    (traces / "a" / "rank0.json").write_text("no trace")
    (outcome,) = ingest(lake, [str(traces / "a")])
    assert outcome.status == "failed" and len(failures(lake)) == 1
    assert sorted(count for _, count in _counts(lake)) == [3, 4, 8, 9]


@each_size
def test_a_trace_that_fails_and_a_copy_are_said_and_stop_no_other(traces: Path, most: int) -> None:
    (traces / "b" / "bad.json").write_text("no trace")
    shutil.copy(traces / "b" / "bad.json", traces / "b" / "bad2.json")
    shutil.copy(traces / "a" / "rank0.json", traces / "a" / "same.json")
    lake = str(traces.parent / "lake")
    seen: list[tuple[int, int]] = []
    outcomes = ingest(lake, [str(traces)], most=most, progress=lambda *at: seen.append(at))
    assert seen == [(i, 7) for i in range(1, 8)]
    assert {Path(one.source).name: one.status for one in outcomes} == {
        "rank0.json": "loaded",
        "same.json": "duplicate",
        "bad.json": "failed",
        "bad2.json": "failed",
        "rank1.json": "loaded",
        "rank2.json": "loaded",
    }
    assert _counts(lake) == ALL
    reasons = failures(lake)["reason"].to_list()
    assert len(reasons) == 2 and all("not a trace in JSON" in why for why in reasons)


@pytest.mark.loads_for("gpu_time", "ledger")
@each_size
def test_traces_that_are_refused_are_counted_and_the_others_of_their_part_answer(
    traces: Path, most: int
) -> None:
    lake = _load(traces, most)
    for card in Lake(lake).cards()[1:3]:
        with duckdb.connect(f"{lake}/parts/{card.part}.duckdb") as con:
            con.execute(
                "INSERT INTO anomaly VALUES (?, 'graph_kernels_not_recorded', 1, NULL, NULL, 'no')",
                [card.trace_id],
            )
    answer = query(lake, "gpu_time")
    assert answer.frame["kernel_count"].to_list() == [1, 4]
    assert answer.notes == ("2 of 4 traces: gpu_time can't be answered: no",)
    rows = sql(lake, "SELECT kernel_count FROM gpu_time").frame
    assert rows["trace_name"].to_list() == ["rank0", "rank2"]
    assert query(lake, "ledger").frame["trace_id"].unique().sort().to_list() == [1, 2, 3, 4]


def test_a_merge_takes_a_part_once_and_only_the_traces_whose_cards_it_has(traces: Path) -> None:
    lake = Path(_load(traces, 4))
    Lake(str(lake)).remove(Lake(str(lake)).cards()[0])
    other = str(traces.parent / "other")
    ingest(other, [str(traces / "c")])
    assert merge([str(lake)], other) == 2 and merge([str(lake)], other) == 0
    assert _counts(other) == [("rank0", 2), ("rank1", 3), ("rank2", 4)]
    assert _parts(other) == 2
    assert query(other, "gpu_time", trace="rank[12]").frame["kernel_count"].to_list() == [3, 4]


def test_two_loads_that_share_traces_count_each_once(traces: Path) -> None:
    lake = str(traces.parent / "lake")
    halves = [["a", "b", "c"], ["b", "c", "d"]]
    loads = [
        threading.Thread(target=ingest, args=(lake, [str(traces / name) for name in half]))
        for half in halves
    ]
    for load in loads:
        load.start()
    for load in loads:
        load.join()
    assert _counts(lake) == ALL


def test_a_batch_that_cannot_be_loaded_at_all_is_tried_apart(
    traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fleet_ingest.ingest_here

    def full(study: Path, paths: Mapping[Path, str], *, jobs: int) -> list[IngestResult]:
        if any(path.name == "rank2.json" for path in paths):
            raise UserError(f"{study}: the disk is full")
        return real(study, paths, jobs=jobs)

    monkeypatch.setattr(fleet_ingest, "ingest_here", full)
    lake = str(traces.parent / "lake")
    outcomes = ingest(lake, [str(traces)])
    assert [one.status for one in outcomes] == ["loaded"] * 3 + ["failed"]
    assert _counts(lake) == ALL[:3] and "the disk is full" in failures(lake)["reason"][0]


def test_batches_are_even_for_workers_and_large_traces_are_alone_and_first() -> None:
    small = [Source(f"{i:02}.json.gz", "", 30 << 10) for i in range(50)]
    sizes = {workers: [*map(len, batches(small, workers=workers))] for workers in (1, 2, 4, 40)}
    assert sizes == {1: [32, 18], 2: [13, 13, 13, 11], 4: [*[7] * 7, 1], 40: [1] * 50}
    large = [Source(f"{i}.sqlite", "", (400 + 200 * (i % 2)) << 10) for i in range(25)]
    made = batches(large, workers=1)
    assert [len(batch) for batch in made] == [*[1] * 12, 10, 3]
    # text counts for its gzip
    text = [Source("a.json", "", 3 << 20), Source("b.json", "", 5 << 20)]
    assert batches(text, workers=1) == [[text[1]], [text[0]]]
    unknown = [Source("s3://bucket/a.json", "None:"), text[0]]
    assert [len(batch) for batch in batches(unknown, workers=1)] == [1, 1]
    assert batches([], workers=4) == []
