"""A lake answers as a study of the same traces does, and survives what goes wrong on a cluster."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fleet_tasks import WORKER_BYTES, load_on_a_bad_machine, same, same_after_interrupt
from polars.testing import assert_frame_equal

from genscope.analyze.fleet import page
from genscope.analyze.fleet import runner as fleet_runner
from genscope.analyze.fleet.ingest import ingest, merge
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.page import write_page
from genscope.analyze.fleet.question import (
    FleetAnswer,
    failures,
    merged_from,
    query,
    query_all,
    sql,
)
from genscope.analyze.fleet.runner import Done, _on, runner
from genscope.analyze.sql_file import shipped_queries
from genscope.analyze.study import Study
from genscope.cli.app import main
from genscope.errors import UserError
from tests.effort import part

ROOT = Path(__file__).resolve().parent.parent
# two runs that are a pair, two ranks of a job
PAIR = str(ROOT / "genscope" / "example" / "*")
TINY = "one-triton-kernel-a100.json.gz"


@pytest.fixture(scope="module")
def paths(shared_traces: Path) -> list[str]:
    # in the order of their addresses, as a lake numbers them
    return sorted([str(shared_traces / "dlrm-8rank-v100" / "rank[01].json.gz"), PAIR])


@pytest.fixture(scope="module")
def lake(paths: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("fleet") / "lake")
    assert {outcome.status for outcome in ingest(address, paths)} == {"loaded"}
    return address


def test_every_query_answers_as_one_study_of_the_same_traces(
    lake: str, paths: list[str], tmp_path: Path
) -> None:
    # half of them on each change
    names = part([file.name for file in shipped_queries()], of=2)
    answers = query_all(lake, {name: {} for name in names})
    answered, put_together = 0, 0
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest(paths)
        for name in names:
            expected = study.query(name)
            # a statement in an answer is for the trace's own study, in which it is number 1
            found = answers[name].frame.drop("items", strict=False)
            expected = expected.drop("items", strict=False)
            assert_frame_equal(found, expected, check_row_order=False)
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
    def nothing(task: Any, items: Any) -> Iterator[Done[Any, Any]]:
        assert not items
        return iter(())

    again = ingest(lake, paths, run=nothing)
    assert [outcome.status for outcome in again] == ["duplicate"] * 4
    # tables of few rows share no block of a file, so blocks must be small
    assert max(part.stat().st_size for part in Path(lake, "parts").iterdir()) < 6 << 20
    copy = tmp_path / "copy.json.gz"
    shutil.copy(next((ROOT / "genscope" / "example").glob("*flash*/trace.json.gz")), copy)
    assert [outcome.status for outcome in ingest(lake, [str(copy)])] == ["duplicate"]
    assert len(Lake(lake).parts()) == 4


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
    (part,) = Lake(address).parts()
    assert query(address, "gpu_time").frame["trace_name"].to_list() == [part.name] == ["bad"]
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
    assert len(Lake(str(half)).parts()) == 3
    assert merge([lake], str(half)) == 1
    assert Lake(str(half)).parts() == Lake(lake).parts()


def test_shares_of_an_array_of_jobs_are_all_of_it(paths: list[str], tmp_path: Path) -> None:
    seen: list[str] = []

    def remember(task: Any, items: Any) -> Iterator[Done[Any, Any]]:
        seen.extend(item.source.address for item in items)
        return (Done(item, None, "not today") for item in items)

    for number in (1, 2, 3):
        ingest(str(tmp_path / "lake"), paths, shard=(number, 3), run=remember)
    assert len(seen) == len(set(seen)) == 4
    with pytest.raises(UserError, match="1/8 to 8/8"):
        ingest(str(tmp_path / "lake"), paths, shard=(4, 3))


def test_a_page_of_many_ranks_lists_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str
) -> None:
    """Of 200 ranks, the one with the largest delay comes first, whatever its name holds."""
    rows = [
        (i, f"rank{i}" if i else "<script>", "/job", i, "compute", v, 100, v - 100, max(v - 100, 0))
        for i, v in enumerate([90_000_000, *([100] * 199)])
    ]
    names = ["trace_id", "trace_name", "job", "rank", "measure", "value_ns", "median_ns"]
    frame = pl.DataFrame(rows, schema=[*names, "excess_ns", "delay_ns"], orient="row")
    frame = frame.with_columns(place=pl.int_range(1, 201), score=pl.lit(None, pl.Float64))
    # eight ranks a host; that of the last eight is unknown
    named = pl.when(pl.col("trace_id") < 192).then(
        "<b>" + (pl.col("trace_id") // 8).cast(pl.String)
    )
    frame = frame.with_columns(host=named)
    slow = {"job": "/job", "host": "<b>3", "measure": "compute", "is_slow": True}
    slow |= {"late_count": 8, "trace_count": 8, "place": 1}
    slow |= {"value_ns": 112_000_000, "median_ns": 100_000_000, "delay_ns": 12_000_000}
    hosts = pl.DataFrame(
        [slow, slow | {"measure": "idle"}, slow | {"host": "h2", "is_slow": False}]
    )
    skew = pl.DataFrame({"trace_id": [3], "skew_refusal": ["a rank is missing"]})
    frames = {"rank_outlier": frame, "host_outlier": hosts, "rank_skew": skew}
    said = {name: FleetAnswer(found) for name, found in frames.items()}
    monkeypatch.setattr(page, "query_all", lambda *_, **__: said)
    text = write_page(lake, tmp_path / "page.html").read_text()
    assert "look at &lt;script&gt; (rank 0) first: its compute differs by 90 ms" in text
    assert "<script>" not in text and "a rank is missing" in text
    assert text.count("<tr><td>") == 1 and text.count("M") > 200
    assert "<p>1 of 24 hosts is slow.</p>" in text and "<b>" not in text
    row = "&lt;b&gt;3<td class=text>compute<td>8 of 8<td>112<td>100<td>12"
    assert row in text and text.count("8 of 8") == 1 and "The host of 8 traces is unknown" in text


def test_the_page_says_what_is_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lake: str
) -> None:
    """Of each trace the largest delay, and others only if they are more than chance."""
    columns = [
        "trace_id",
        "measure",
        "value_ns",
        "median_ns",
        "excess_ns",
        "delay_ns",
        "score",
        "place",
    ]
    rows = [
        (1, "compute", 14, 10, 4, 4, 2.0, 1),
        (1, "idle", 13, 10, 3, 3, 1.0, 1),
        (2, "compute", 12, 10, 2, 2, 1.0, 2),
    ]
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(
        pl.lit("/job").alias("job"), pl.lit(None, pl.String).alias("host"),
        pl.lit(0).alias("rank"), pl.lit("r").alias("trace_name"),
    )  # fmt: skip
    hosts = pl.DataFrame(schema={"job": pl.String, "host": pl.String, "is_slow": pl.Boolean})
    skew = pl.DataFrame(schema={"trace_id": pl.Int64, "skew_refusal": pl.String})

    def page_of(outliers: pl.DataFrame) -> str:
        frames = {"rank_outlier": outliers, "host_outlier": hosts, "rank_skew": skew}
        said = {name: FleetAnswer(found) for name, found in frames.items()}
        monkeypatch.setattr(page, "query_all", lambda *_, **__: said)
        return write_page(lake, tmp_path / "page.html").read_text()

    text = page_of(frame)
    assert "within what chance does here" in text and "hosts" not in text
    assert text.count("<tr><td>") == 2 and "<td class=text>idle" not in text
    text = page_of(
        frame.with_columns(
            pl.when(pl.col("measure") == "idle").then(3.6).otherwise("score").alias("score")
        )
    )
    assert "within what chance does here" not in text
    assert text.count("<tr><td>") == 3 and "<td class=text>idle" in text


def test_own_sql_is_merged_by_own_sql(lake: str) -> None:
    rank = "SELECT count(*) AS n, sum(dur_ns)::BIGINT AS ns FROM kernel"
    rows = sql(lake, rank, trace="rank*").frame
    assert rows["trace_name"].to_list() == ["rank0", "rank1"]
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
    assert "0 loaded, 4 skipped" in capsys.readouterr().out
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
        (["query", "host_outlier", "--lake", "LAKE", "--param", "least_frac=x"], "'x' to DOUBLE"),
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
    assert "of 4 traces" not in said.err
    assert not (tmp_path / "new").exists()


def test_storage_that_cannot_be_used_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import s3fs

    # what fsspec keeps would have the credentials of another test
    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    asks = (
        lambda: query("s3://b/l", "gpu_time"),
        lambda: ingest(str(tmp_path / "l"), ["s3://b/x"]),
    )
    for ask in asks:
        with pytest.raises(
            UserError, match=r"^s3://b/.: the storage can't be used \(.*credentials"
        ):
            ask()
    assert not (tmp_path / "l").exists()
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_worker_that_dies_is_replaced_and_a_poisoned_trace_is_given_up(
    shared_traces: Path, tmp_path: Path
) -> None:
    for name in ("frail", "good", "greedy", "poison"):
        # of different bytes, or one would be a copy of the other
        text = (shared_traces / TINY).read_bytes()
        (tmp_path / f"{name}.json.gz").write_bytes(text + b"\0" * len(name))
    with runner(workers=1) as run:
        outcomes = ingest(
            str(tmp_path / "lake"),
            [str(tmp_path / "*.json.gz")],
            run=lambda _, items: run(load_on_a_bad_machine, items),
        )
    # what was loaded just before its worker died is found in the lake
    statuses = [outcome.status for outcome in outcomes]
    assert set(statuses[:2]) <= {"loaded", "duplicate"} and statuses[2:] == ["failed", "failed"]
    assert len(Lake(str(tmp_path / "lake")).parts()) == 2
    without_memory, killed = failures(str(tmp_path / "lake"))["reason"]
    assert "ran out of memory" in without_memory and "ended 3 times" in killed


def test_a_trace_that_takes_too_much_memory_is_given_up_and_the_others_are_loaded(
    shared_traces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import distributed

    limited = partial(distributed.LocalCluster, memory_limit=WORKER_BYTES)
    monkeypatch.setattr(distributed, "LocalCluster", limited)
    for name in ("a", "bc", "hungry"):
        text = (shared_traces / TINY).read_bytes()
        (tmp_path / f"{name}.json.gz").write_bytes(text + b"\0" * len(name))
    with runner(workers=1) as run:
        outcomes = ingest(
            str(tmp_path / "lake"),
            [str(tmp_path / "*.json.gz")],
            run=lambda _, items: run(load_on_a_bad_machine, items),
        )
    statuses = [outcome.status for outcome in outcomes]
    assert set(statuses[:2]) <= {"loaded", "duplicate"} and statuses[2] == "failed"
    assert len(Lake(str(tmp_path / "lake")).parts()) == 2
    (row,) = failures(str(tmp_path / "lake")).rows()
    assert row[0].endswith("hungry.json.gz") and "ended 3 times, most likely" in row[1]
    # had nobody ended its worker, the reason would be another
    assert (tmp_path / "hungry.json.tried").read_text() == "tried\n" * 3


def test_workers_do_not_see_ctrl_c_which_is_for_the_command(tmp_path: Path) -> None:
    with runner(workers=1) as run:
        (done,) = run(same_after_interrupt, [str(tmp_path / "tried")])
    assert (done.result, done.why) == (str(tmp_path / "tried"), None)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_an_interrupted_load_says_that_what_was_loaded_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("genscope.cli.fleet.ingest", pressed)
    assert main(["fleet", "ingest", PAIR, "--lake", str(tmp_path / "lake")]) == 130
    assert "what was loaded is kept, run the same command again" in capsys.readouterr().err


def test_leftovers_of_killed_processes_are_removed_after_a_day(
    shared_traces: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "scratch" / "old", tmp_path / "answers" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    os.utime(old, (0, 0))
    ingest(str(tmp_path), [str(shared_traces / TINY)])
    assert not old.exists() and new.exists()


def test_a_scheduler_that_goes_away_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import dask
    from distributed import Client, LocalCluster

    monkeypatch.setattr(fleet_runner, "CONNECT_SECONDS", 1)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call]
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        results = _on(client)(same, list(range(3)))
        next(results)
        cluster.sync(cluster.scheduler.close)
        with pytest.raises(UserError, match="the scheduler went away"):
            list(results)
    with pytest.raises(UserError, match="can't be reached"), runner("tcp://127.0.0.1:9"):
        pass


def test_traces_and_lake_on_object_storage(
    shared_traces: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setattr(os, "environ", os.environ | {"AWS_ACCESS_KEY_ID": "x"})
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        _on_object_storage(shared_traces)
    finally:
        server.stop()


def _on_object_storage(shared_traces: Path) -> None:
    import fsspec

    fs = fsspec.filesystem("s3", skip_instance_cache=True)
    fs.mkdir("bucket")
    fs.put_file(str(shared_traces / TINY), "bucket/runs/a/trace.json.gz")
    outcomes = ingest("s3://bucket/lake", ["s3://bucket/runs/**"])
    assert [outcome.status for outcome in outcomes] == ["loaded"]
    assert [o.status for o in ingest("s3://bucket/lake", ["s3://bucket/runs/**"])] == ["duplicate"]
    (row,) = query("s3://bucket/lake", "gpu_time").frame.to_dicts()
    assert row["path"] == "s3://bucket/runs/a/trace.json.gz" and row["kernel_count"] == 1
    left = [name for name in fs.find("bucket/lake") if "answers" in name or ".part" in name]
    assert not left
    with pytest.raises(UserError, match="there is no trace at this address"):
        ingest("s3://bucket/lake", ["s3://bucket/nothing/*"])
    with pytest.raises(UserError, match=r"^s3://no-such/\*\*: .*bucket does not exist"):
        ingest("s3://bucket/lake", ["s3://no-such/**"])
    with pytest.raises(UserError, match=r"^s3://no-such/lake: the lake can't be created here"):
        ingest("s3://no-such/lake", ["s3://bucket/runs/**"])
