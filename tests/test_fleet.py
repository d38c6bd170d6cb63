"""A lake answers as a study of the same traces does, and survives what goes wrong on a cluster."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from genscope.analyze.fleet.ingest import ingest, merge
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.page import write_page
from genscope.analyze.fleet.question import (
    failures,
    merged_from,
    query,
    query_all,
    sql,
)
from genscope.analyze.fleet.runner import Done, Runner
from genscope.analyze.sql_file import shipped_queries
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.errors import UserError
from tests.effort import part

ROOT = Path(__file__).resolve().parent.parent
# two runs that are a pair
PAIR = str(ROOT / "genscope" / "example" / "*")
TINY = "one-triton-kernel-a100.json.gz"


@pytest.fixture(scope="module")
def paths(shared_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The pair and three ranks of a job on two hosts, in the order of their addresses, as a lake has them."""
    job = tmp_path_factory.mktemp("job")
    for rank, host in enumerate("aab"):
        (job / f"host={host}").mkdir(exist_ok=True)
        name = f"rank{rank}.json.gz"
        shutil.copy(shared_traces / "dlrm-8rank-v100" / name, job / f"host={host}" / name)
    return sorted([str(job / "host=*" / "rank*.json.gz"), PAIR])


@pytest.fixture(scope="module")
def lakes(paths: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two lakes of the five traces: with two, two and one in a study, and with all, and a hidden one, in one."""
    pairs, all_in_one = (str(tmp_path_factory.mktemp("fleet") / "lake") for _ in range(2))
    # a copy of a rank with other bytes, that comes first
    hidden = tmp_path_factory.mktemp("0") / "hidden.json.gz"
    job = next(Path(path).parents[1] for path in paths if "host=" in path)
    (rank,) = job.glob("host=b/*")
    hidden.write_bytes(rank.read_bytes() + b"\0")
    assert {outcome.status for outcome in ingest(pairs, paths, most=2)} == {"loaded"}
    ingest(all_in_one, [str(hidden), *paths])
    (card,) = (card for card in Lake(all_in_one).cards() if card.name == "hidden")
    Lake(all_in_one).remove(card)
    assert [len(list(Path(lake, "parts").iterdir())) for lake in (pairs, all_in_one)] == [3, 1]
    return [pairs, all_in_one]


@pytest.fixture(scope="module")
def lake(lakes: list[str]) -> str:
    return lakes[0]


def test_every_query_answers_as_one_study_of_the_same_traces(
    lakes: list[str], paths: list[str], tmp_path: Path
) -> None:
    # half of them on each change, of both kinds
    files = sorted(shipped_queries(), key=lambda file: bool(merged_from(file)))
    names = part([file.name for file in files], of=2)
    asked = [query_all(lake, {name: {} for name in names}) for lake in lakes]
    answered, put_together = 0, 0
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(paths)
        for name in names:
            expected = study.query(name)
            for answers in asked:
                assert_frame_equal(answers[name].frame, expected, check_row_order=False)
            answered += expected.height > 0
            put_together += expected.height > 0 and bool(merged_from(study.relation(name)))
    # some need what these traces lack
    assert answered > 0.51 * len(names) and put_together > 0.14 * len(names)


def test_what_a_query_is_merged_from_is_what_it_reads_of_each_trace() -> None:
    for file in shipped_queries():
        # a row of a query without traces, or of two, can't be that of one trace
        depends_on_more = (
            "trace_id" not in file.columns
            or "pair" in file.needs
            or any(name.endswith("_trace_id") for name in file.columns)
        )
        assert not depends_on_more or merged_from(file), file.name


def test_the_second_time_nothing_is_loaded_and_a_copy_is_known_by_its_digest(
    lake: str, paths: list[str], tmp_path: Path
) -> None:
    def nothing(task: Any, items: Any, split: Any) -> Iterator[Any]:
        assert not items
        return iter(())

    again = ingest(lake, paths, run=Runner(nothing))
    assert [outcome.status for outcome in again] == ["duplicate"] * 5
    # tables of few rows share no block of a file, so blocks must be small
    assert max(part.stat().st_size for part in Path(lake, "parts").iterdir()) < 6 << 20
    copy = tmp_path / "copy.json.gz"
    shutil.copy(next((ROOT / "genscope" / "example").glob("*flash*/trace.json.gz")), copy)
    assert [outcome.status for outcome in ingest(lake, [str(copy)])] == ["duplicate"]
    assert len(Lake(lake).cards()) == 5


@pytest.mark.loads_for("gpu_time")
def test_a_trace_that_fails_is_a_row_with_its_reason_until_it_is_loaded(
    shared_traces: Path, tmp_path: Path
) -> None:
    address, bad = str(tmp_path / "lake"), tmp_path / "bad.json.gz"
    bad.write_bytes(b"not a trace")
    (outcome,) = ingest(address, [str(bad)])
    assert outcome.status == "failed"
    (row,) = failures(address).rows()
    assert row[0] == str(bad) and "not a trace" in row[1]
    shutil.copy(shared_traces / TINY, bad)
    # two at a time, as two users may: one part, and no harm
    others = [threading.Thread(target=ingest, args=(address, [str(bad)])) for _ in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert failures(address).is_empty()
    (card,) = Lake(address).cards()
    assert query(address, "gpu_time").frame["trace_name"].to_list() == [card.name] == ["bad"]
    assert not list((tmp_path / "lake" / "scratch").iterdir())


def test_an_older_or_foreign_lake_is_refused(lake: str, paths: list[str], tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(lake, older)
    values = json.loads((older / "lake.json").read_text())
    (older / "lake.json").write_text(json.dumps(values | {"tables_sha256": "of another version"}))
    for ask in (lambda: query(str(older), "gpu_time"), lambda: ingest(str(older), paths)):
        with pytest.raises(UserError, match="another version"):
            ask()
    (older / "lake.json").unlink()
    with pytest.raises(UserError, match="its version is unknown"):
        ingest(str(older), paths)
    with pytest.raises(UserError, match="there is no such lake"):
        query(str(tmp_path / "none"), "gpu_time")


def test_a_half_written_part_does_not_count(lake: str, tmp_path: Path) -> None:
    half = tmp_path / "half"
    shutil.copytree(lake, half)
    next((half / "cards").iterdir()).unlink()
    (half / "parts" / "blake3-0.duckdb").write_bytes(b"half a file")
    assert len(Lake(str(half)).cards()) == 4
    assert merge([lake], str(half)) == 1
    assert Lake(str(half)).cards() == Lake(lake).cards()


def test_shares_of_an_array_of_jobs_are_all_of_it(paths: list[str], tmp_path: Path) -> None:
    seen: list[str] = []

    def remember(task: Any, items: Any, split: Any) -> Iterator[Done[Any, Any]]:
        seen.extend(source.address for item in items for source in item.sources)
        return (Done(item, None, "not today") for item in items)

    for number in (1, 2, 3):
        ingest(str(tmp_path / "lake"), paths, shard=(number, 3), run=Runner(remember))
    assert len(seen) == len(set(seen)) == 5
    with pytest.raises(UserError, match="1/8 to 8/8"):
        ingest(str(tmp_path / "lake"), paths, shard=(4, 3))


def test_a_lake_without_answers_and_a_damaged_part_are_said(lake: str, tmp_path: Path) -> None:
    empty, damaged = tmp_path / "empty", tmp_path / "damaged"
    Lake(str(empty)).create()
    for name in ("gpu_time", "rank_outlier"):
        with pytest.raises(UserError, match=f"{name}: no trace has an answer; the lake is empty"):
            query(str(empty), name)
    with pytest.raises(UserError, match="the lake is empty"):
        write_page(str(empty), tmp_path / "page.html")
    shutil.copytree(lake, damaged)
    part_of_two = Lake(str(damaged)).cards()[0].part
    (damaged / "parts" / f"{part_of_two}.duckdb").write_bytes(b"damaged")
    for name in ("gpu_time", "rank_skew"):
        (note,) = query(str(damaged), name).notes
        assert note.startswith("2 of 5 traces: ")
    for path in (damaged / "parts").iterdir():
        path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"rank_outlier: no trace has an answer; 5 of 5 traces: "):
        query(str(damaged), "rank_outlier")


def test_own_sql_is_merged_by_own_sql(lake: str) -> None:
    rank = "SELECT count(*) AS n, sum(dur_ns)::BIGINT AS ns FROM kernel"
    rows = sql(lake, rank, trace="rank*").frame
    assert rows["trace_name"].to_list() == ["rank0", "rank1", "rank2"]
    merged = "SELECT sum(n)::BIGINT AS n, max(ns) AS ns FROM part"
    total = sql(lake, rank, merged, trace="rank*").frame
    assert total.rows() == [(rows["n"].sum(), rows["ns"].max())]
    for statement in ("DROP TABLE part", "SELECT * FROM read_csv('/etc/passwd')"):
        with pytest.raises(UserError):
            sql(lake, rank, statement, trace="rank0")
    with pytest.raises(UserError, match=r"1 of 1 traces: .*nothing"):
        sql(lake, "SELECT * FROM nothing", trace="rank0")


def test_the_commands_say_what_is_wrong(
    lake: str, paths: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    # docs/scale.md runs the others
    assert main(["fleet", "ingest", *paths, "--lake", lake]) == 0
    assert "0 loaded, 5 skipped" in capsys.readouterr().out
    assert main(["fleet", "query", "rank_skw", "--lake", lake]) == 2
    assert "did you mean rank_skew" in capsys.readouterr().err
    assert main(["fleet", "query", "gpu_time", "--trace", "nope", "--lake", lake]) == 2
    assert main(["fleet", "ingest", *paths, "--lake", lake, "--shard", "0"]) == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["ingest", "--lake", "new"], "name the traces to load"),
        (["merge", "--into", "new"], "name the lakes to read"),
        (["failures", "--lake", "new"], "new: there is no such lake"),
        (["ingest", PAIR, "--lake", "file/lake"], "file/lake: the lake can't be created here"),
        (["query", "gpu_time", "--lake", "LAKE", "--workers", "0"], "--workers 0 can't work"),
        (
            [
                "query",
                "gpu_time",
                "--lake",
                "LAKE",
                "--workers",
                "2",
                "--scheduler",
                "tcp://127.0.0.1:9",
            ],
            "exclude each other",
        ),
        (
            ["query", "host_outlier", "--lake", "LAKE", "--param", "least_frac=x"],
            "a number (DOUBLE)",
        ),
        (["sql", "--lake", "LAKE", "--rank", "SELEC 1"], "syntax error"),
        (["sql", "--lake", "LAKE", "--rank", "SELECT 1; SELECT 2"], "2 statements"),
        (["query", "gpu_time", "--lake", "LAKE", "--param", "x=1"], "has no parameter x"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_mistake_is_one_sentence_and_asks_no_trace(
    arguments: list[str],
    why: str,
    lake: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["fleet", *(lake if word == "LAKE" else word for word in arguments)]) == 2
    said = capsys.readouterr()
    assert why in said.err and said.err.count("\n") == 1 and not said.out
    # no trace was asked in vain
    assert "of 5 traces" not in said.err
    assert not (tmp_path / "new").exists()
