"""Loading is safe: whole traces or nothing, one writer, and errors of one line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load.ingest import ingest
from genscope.analyze.load.study_file import create_if_missing
from genscope.analyze.readers.kineto import split as kineto_split
from genscope.analyze.study import Study
from genscope.errors import UserError

# GENSCOPE_KILLS=20 tries more moments
KILLS = int(os.environ.get("GENSCOPE_KILLS", "3"))
ROOT = Path(__file__).resolve().parent.parent

# the processes that a test starts load everything
pytestmark = pytest.mark.loads_for("kernel_category")

LOAD = """
import sys
from genscope.analyze.load.ingest import ingest
import genscope.analyze.readers.kineto.facts, genscope.analyze.study
print("ready", flush=True)
sys.stdin.readline()
try:
    ingest(sys.argv[1], sys.argv[2:])
except Exception as error:
    print(f"{type(error).__name__}: {error}", flush=True)
"""
FULL = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + LOAD.replace(
    "sys.stdin.readline()",
    "limit = int(sys.stdin.readline()); resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))",
)
HOLD = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
con.execute("SELECT * FROM trace").fetchall()
print("ready", flush=True)
sys.stdin.readline()
"""


def write_trace(path: Path, count: int = 3, **keys: Any) -> Path:
    """A small trace; another `count` makes another digest."""
    place = {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "dur": 1}
    events = [place | {"ts": i, "args": {"External id": i}} for i in range(count)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"traceEvents": events, **keys}))
    return path


def names(study: Path) -> list[str]:
    with Study(study) as opened:
        return list(opened.traces()["name"])


class Process:
    """A Python process that says when it is ready and goes on when it is told to."""

    def __init__(self, code: str, *arguments: object) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.child.stdout
        assert self.child.stdout.readline() == "ready\n"

    def go(self, word: str = "") -> None:
        assert self.child.stdin
        self.child.stdin.write(f"{word}\n")
        self.child.stdin.flush()

    def end(self) -> str:
        return self.child.communicate("\n", timeout=120)[0]


def test_files_folders_and_globs_with_their_manifests(tmp_path: Path) -> None:
    manifest = {"model": "sd15", "family": "diffusion", "attention": "flash", "profiler": "dry"}
    manifest |= {
        "predicted": True,
        "device_name": "A100",
        "device": {"memory_bytes": 80, "sm_count": 108},
    }
    write_trace(tmp_path / "runs/a/trace.json")
    (tmp_path / "runs/a/manifest.json").write_text(json.dumps(manifest))
    write_trace(tmp_path / "loose/b.pt.trace.json", 4)
    study = tmp_path / "s.duckdb"
    found = ingest(study, [tmp_path / "runs", str(tmp_path / "loose/*.json")])
    assert [(r.name, r.status, r.event_count) for r in found] == [
        ("a", "loaded", 3),
        ("b", "loaded", 4),
    ]
    with Study(study) as opened:
        rows = opened.traces().rows(named=True)
    wanted = {"model": "sd15", "family": "diffusion", "predicted": True, "device_name": "A100"}
    assert wanted.items() <= rows[0].items()
    assert (rows[1]["model"], rows[1]["predicted"], rows[1]["profiler"]) == (None, False, "torch")


def test_a_trace_that_left_its_manifest_still_says_that_it_is_predicted(tmp_path: Path) -> None:
    mark = {"schema": 1, "profiler": "dry", "predicted": True, "device": "H100"}
    ingest(tmp_path / "s.duckdb", [write_trace(tmp_path / "t.json", genscope=mark)])
    with Study(tmp_path / "s.duckdb") as opened:
        (row,) = opened.traces().rows(named=True)
    assert (row["predicted"], row["profiler"], row["device_name"]) == (True, "dry", "H100")


def test_a_digest_is_loaded_once_and_names_are_kept_apart(tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    for rank in range(2):
        write_trace(tmp_path / f"r{rank}/rank.json", 3 + rank)
    copy = write_trace(tmp_path / "copy.json", 3)
    found = ingest(study, [tmp_path / "r0", tmp_path / "r1", copy])
    assert [r.status for r in found] == ["loaded", "loaded", "duplicate"]
    assert sorted(names(study)) == ["rank", "rank-2"]
    assert [r.status for r in ingest(study, [copy])] == ["duplicate"]


@pytest.mark.parametrize("content", [b"", b"hello", b'{"a": 1}', b'{"traceEvents": []}', None])
def test_what_is_no_trace_leaves_nothing(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.json") as error:
        ingest(tmp_path / "s.duckdb", [path])
    assert "\n" not in str(error.value)
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry != path) == []


def test_a_folder_without_a_trace_and_a_pipe_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "empty", tmp_path / "pipe.json"):
        with pytest.raises(UserError, match=r"holds no trace|not a regular file"):
            ingest(tmp_path / "s.duckdb", [path])


def test_files_fail_one_by_one(tmp_path: Path) -> None:
    paths = [write_trace(tmp_path / f"{i}.json", 3 + i) for i in range(4)]
    paths[1].write_text("broken")
    told: list[tuple[int, int]] = []
    found = ingest(tmp_path / "s.duckdb", paths, progress=lambda *at: told.append(at))
    assert [r.status for r in found] == ["loaded", "failed", "loaded", "loaded"]
    assert found[1].error and "1.json" in found[1].error
    assert told[-1] == (4, 4)
    assert not list(tmp_path.glob("*.ingest-*"))


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kineto_split, "LIMIT_BYTES", 8 << 20)

    path = tmp_path / "bomb.json"
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(b'{"traceEvents": [{"ph": "X", "name": "'))
        for _ in range(20):
            file.write(packer.compress(b"a" * (1 << 20)))
        file.write(packer.flush())
    with pytest.raises(UserError, match="has no end within"):
        ingest(tmp_path / "s.duckdb", [path])


@pytest.mark.parametrize("earlier", [["first"], []], ids=["second", "first"])
def test_a_killed_load_leaves_the_study_as_it_was(
    earlier: list[str], tmp_path: Path, shared_traces: Path
) -> None:
    study = tmp_path / "s.duckdb"
    for name in earlier:
        ingest(study, [write_trace(tmp_path / f"{name}.json")])
    later = shared_traces / "vit-base-h100.json.gz"
    rng = random.Random(7)
    for _ in range(KILLS):
        loading = Process(LOAD, study, later)
        loading.go()
        time.sleep(rng.uniform(0, 1.5))
        loading.child.send_signal(signal.SIGKILL)
        loading.child.wait()
        loading.child.communicate()
        found = names(study) if study.exists() else []
        assert found in (earlier, [*earlier, "vit-base-h100"])
        if len(found) > len(earlier):
            study.unlink()
            for name in earlier:
                ingest(study, [tmp_path / f"{name}.json"])
    ingest(study, [later])
    assert names(study) == [*earlier, "vit-base-h100"]
    assert not list(tmp_path.glob("*.ingest-*"))
    with duckdb.connect(str(study), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM kernel").fetchall() == [(154,)]


@pytest.mark.parametrize("mode", ["write", "read"])
def test_a_study_in_use_is_told_at_once(mode: str, tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    ingest(study, [write_trace(tmp_path / "first.json")])
    holder = Process(HOLD, study, mode)
    try:
        with pytest.raises(UserError, match="another process") as error:
            ingest(study, [write_trace(tmp_path / "second.json", 4)])
        assert "\n" not in str(error.value)
    finally:
        holder.end()
    assert names(study) == ["first"]


def test_two_loads_at_once_lose_nothing(tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    paths = [write_trace(tmp_path / f"{i}.json", 3 + i) for i in range(2)]
    loads = [Process(LOAD, study, path) for path in paths]
    for load in loads:
        load.go()
    said = [load.end() for load in loads]
    kept = set(names(study))
    for path, text in zip(paths, said, strict=True):
        assert (path.stem in kept) == (text == ""), text
        assert text == "" or (text.startswith("UserError") and text.count("\n") == 1)
    assert kept


def test_rules_put_in_before_the_first_trace_stay_and_apply(tmp_path: Path) -> None:
    rules, study = tmp_path / "rules.csv", tmp_path / "s.duckdb"
    rules.write_text("pattern,category\nmy_special,linear\n")
    assert create_if_missing(study)
    with Study(study) as opened:
        opened.classify(rules)
    kernel = {"ph": "X", "cat": "kernel", "name": "my_special", "pid": 0, "tid": 7}
    timed = [kernel | {"ts": 1, "dur": 1}]
    ingest(study, [write_trace(tmp_path / "t.json", 0, traceEvents=timed)])
    with duckdb.connect(str(study), read_only=True) as con:
        assert con.execute("SELECT pattern FROM user_kernel_rule").fetchall() == [("my_special",)]
        assert con.execute("SELECT category FROM kernel_category").fetchall() == [("linear",)]


def test_a_study_that_another_load_replaced_is_told(tmp_path: Path) -> None:
    study, other = tmp_path / "s.duckdb", tmp_path / "other.duckdb"
    ingest(study, [write_trace(tmp_path / "first.json")])
    ingest(other, [write_trace(tmp_path / "second.json", 4)])
    # a big file is loaded by itself, and first
    paths = [write_trace(tmp_path / f"{count}.json", count) for count in (12_000, 5)]
    found = ingest(
        study, paths, jobs=1, progress=lambda *_: other.exists() and other.replace(study)
    )
    assert [r.status for r in found] == ["loaded", "failed"]
    assert "another load replaced this study" in str(found[1].error)
    assert names(study) == ["second"]


def test_an_empty_study_is_never_put_over_another(tmp_path: Path) -> None:
    study = tmp_path / "s.duckdb"
    assert create_if_missing(study)
    before = study.stat().st_ino
    assert not create_if_missing(study)
    assert study.stat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.duckdb"]


# the disk is full for an empty study, for the trace's events, or only where its database is written
@pytest.mark.parametrize(("is_new", "room"), [(True, 400_000), (False, 400_000), (True, None)])
def test_a_full_disk_is_one_line_and_loses_nothing(
    is_new: bool, room: int | None, tmp_path: Path
) -> None:
    study, trace = tmp_path / "s.duckdb", write_trace(tmp_path / "second.json", 3000)
    if not is_new:
        ingest(study, [write_trace(tmp_path / "first.json")])
    if room is None:
        ingest(tmp_path / "whole.duckdb", [trace])
        room = (tmp_path / "whole.duckdb").stat().st_size - 300_000
    loading = Process(FULL, study, trace)
    loading.go(str(room))
    said = loading.end()
    assert said.startswith("UserError") and said.count("\n") == 1, said
    assert study.exists() != is_new
    assert is_new or names(study) == ["first"]
    assert not list(tmp_path.glob("*.ingest-*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that root can't write to")
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        ingest(Path("/proc/self/s.duckdb"), [write_trace(tmp_path / "t.json")])
    assert "\n" not in str(error.value)
