"""A fleet's load survives workers, schedulers, storage and users that go away."""

import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from fleet_tasks import WORKER_BYTES, load_on_a_bad_machine, same, same_after_interrupt

from genscope.analyze.fleet import runner as fleet_runner
from genscope.analyze.fleet.ingest import ingest, merge
from genscope.analyze.fleet.lake import Lake
from genscope.analyze.fleet.question import failures, query
from genscope.analyze.fleet.runner import Runner, _on, runner
from genscope.cli.app import main
from genscope.errors import UserError
from tests.conftest import ROOT

PAIR = str(ROOT / "genscope" / "example" / "*")
TINY = "one-triton-kernel-a100.json.gz"


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


def statuses_on_a_bad_machine(trace: Path, folder: Path, names: Sequence[str]) -> list[str]:
    """Load copies of a trace with these names into the lake `folder`/lake by one worker, which may die."""
    for name in names:
        # of different bytes, or one would be a copy of the other
        (folder / f"{name}.json.gz").write_bytes(trace.read_bytes() + b"\0" * len(name))
    with runner(workers=1) as run:
        outcomes = ingest(
            str(folder / "lake"),
            [str(folder / "*.json.gz")],
            run=Runner(lambda _, items, split: run(load_on_a_bad_machine, items, split)),
        )
    return [outcome.status for outcome in outcomes]


def test_a_worker_that_dies_is_replaced_and_a_poisoned_trace_is_given_up(
    shared_traces: Path, tmp_path: Path
) -> None:
    names = ("frail", "good", "greedy", "poison")
    statuses = statuses_on_a_bad_machine(shared_traces / TINY, tmp_path, names)
    # what was loaded just before its worker died is found in the lake
    assert set(statuses[:2]) <= {"loaded", "duplicate"} and statuses[2:] == ["failed", "failed"]
    assert len(Lake(str(tmp_path / "lake")).cards()) == 2
    without_memory, killed = failures(str(tmp_path / "lake"))["reason"]
    assert "ran out of memory" in without_memory and "ended 3 times" in killed


def test_a_trace_that_takes_too_much_memory_is_given_up_and_the_others_are_loaded(
    shared_traces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import distributed

    limited = partial(distributed.LocalCluster, memory_limit=WORKER_BYTES)
    monkeypatch.setattr(distributed, "LocalCluster", limited)
    names = ("a", "bc", "hungry")
    statuses = statuses_on_a_bad_machine(shared_traces / TINY, tmp_path, names)
    assert set(statuses[:2]) <= {"loaded", "duplicate"} and statuses[2] == "failed"
    assert len(Lake(str(tmp_path / "lake")).cards()) == 2
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
    fs.pipe("bucket/runs/b/trace.json.gz", (shared_traces / TINY).read_bytes() + b"\0")
    fs.pipe("bucket/runs/c/trace.json.gz", b"no trace")
    outcomes = ingest("s3://bucket/lake", ["s3://bucket/runs/**"])
    assert [outcome.status for outcome in outcomes] == ["loaded", "loaded", "failed"]
    ((source, why),) = failures("s3://bucket/lake").rows()
    assert source == "s3://bucket/runs/c/trace.json.gz" and "/tmp" not in why
    fs.rm("bucket/runs/c/trace.json.gz")
    again = ingest("s3://bucket/lake", ["s3://bucket/runs/**"])
    assert [outcome.status for outcome in again] == ["duplicate"] * 2
    assert len(fs.ls("bucket/lake/parts")) == 1
    rows = query("s3://bucket/lake", "gpu_time").frame.select("trace_name", "path", "kernel_count")
    assert rows.rows() == [
        ("trace", "s3://bucket/runs/a/trace.json.gz", 1),
        ("trace-2", "s3://bucket/runs/b/trace.json.gz", 1),
    ]
    fs.pipe("bucket/runs/b/trace.json.gz", (shared_traces / TINY).read_bytes() + b"\0\0")
    ingest("s3://bucket/lake", ["s3://bucket/runs/**"])
    assert (
        len(Lake("s3://bucket/lake").cards())
        == 2
        == query("s3://bucket/lake", "gpu_time").frame.height
    )
    assert merge(["s3://bucket/lake"], "s3://bucket/other") == 2
    assert len(fs.ls("bucket/other/parts")) == 2
    left = [name for name in fs.find("bucket/lake") if "answers" in name or ".part" in name]
    assert not left
    with pytest.raises(UserError, match="there is no trace at this address"):
        ingest("s3://bucket/lake", ["s3://bucket/nothing/*"])
    with pytest.raises(UserError, match=r"^s3://no-such/\*\*: .*bucket does not exist"):
        ingest("s3://bucket/lake", ["s3://no-such/**"])
    with pytest.raises(UserError, match=r"^s3://no-such/lake: the lake can't be created here"):
        ingest("s3://no-such/lake", ["s3://bucket/runs/**"])
