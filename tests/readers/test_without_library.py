"""Without the C library, Python and SQL give the same rows, and the command says that this is slow."""

from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genscope.analyze import native
from genscope.analyze.load.attached import study_tables
from genscope.analyze.load.ingest import ingest
from genscope.analyze.readers.kineto import split as kineto_split
from genscope.analyze.readers.kineto.events import EventScanner, Kept
from genscope.analyze.readers.kineto.python_scan import PythonScanner
from genscope.analyze.readers.kineto.texts import GROUP_BITS, NotEventsError, TextNumbers
from genscope.analyze.readers.kineto.window import Chunk
from genscope.cli.app import main
from tests.effort import part
from tests.readers.kept_rows import events_of, texts_of
from tests.readers.raw_events import Read, read_bytes
from tests.readers.test_kineto_fuzz import FAULTS, FORMATS, QUICK, dumps, events
from tests.readers.test_kineto_values import EVENTS, alike

SMALL = (
    "one-triton-kernel-a100.json.gz",
    "event-sync-multi-stream-a100.json.gz",
    "compiled-sdpa-block-mi300x.json.gz",
    "alexnet-a100.json.gz",
    "sglang-qwen3-8b-decode-mi300x.json.gz",
    "cpu-half-no-rank.json.gz",
)

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no C library to compare")


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda: None)


def _both_ways(data: bytes, keep: tuple[str, ...]) -> tuple[Read, Read]:
    fast = read_bytes(data, keep=keep)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda: None)
        return fast, read_bytes(data, keep=keep)


@QUICK
@given(
    st.lists(events(), min_size=1, max_size=20),
    st.sampled_from(["none", *sorted(FAULTS)]),
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from([(), ("python",), ("python", "flow", "args")]),
)
def test_generated_traces_give_the_same_rows(
    trace: list[dict[str, Any]], fault: str, form: str, keep: tuple[str, ...]
) -> None:
    texts = [dumps(event) for event in trace]
    if fault != "none":
        texts[len(texts) // 2] = FAULTS[fault][0](texts[len(texts) // 2])
    data = FORMATS[form](texts).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kineto_split.Splitter, "chunk_bytes", 300)
        fast, slow = _both_ways(data, keep)
    assert fast == slow


@QUICK
@given(st.one_of(EVENTS, alike()))
def test_any_json_gives_the_same_columns(listed: list[str]) -> None:
    text = ", ".join(listed).encode()
    read = []
    for scanner in (EventScanner, PythonScanner):
        written = Kept()
        made = scanner(frozenset({"args"}), TextNumbers(), written)
        try:
            found = made.read(Chunk.of(0, text))
        except NotEventsError:
            # either may leave more to the path that repairs events
            return
        made.flush()
        rows = (_sorted(events_of(written)), _sorted(texts_of(written)))
        read.append((found.unread, found.arguments, rows))
    fast, slow = read
    assert fast == slow


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in any order, without the group that only the C library's scan adds to the ids."""
    for row in rows:
        # sets of texts have their numbers in order
        row["text_id"] &= (1 << GROUP_BITS) - 1
    return sorted(rows, key=repr)


@QUICK
@given(st.one_of(EVENTS, alike()))
def test_any_json_gives_the_same_rows(listed: list[str]) -> None:
    fast, slow = _both_ways(f"[{', '.join(listed)}]".encode(), ())
    assert fast == slow


@pytest.mark.parametrize("name", ["null", "5", '""', '"a"', '"nn.Module: A"'])
def test_a_frame_of_any_name_gives_the_same_rows(name: str) -> None:
    members = ['"cat": "python_function"', f'"name": {name}']
    for ordered in (members, members[::-1]):
        event = '{"ph": "X", "ts": 1, "dur": 2, ' + ", ".join(ordered) + "}"
        fast, slow = _both_ways(f"[{event}]".encode(), ())
        assert fast == slow


def test_an_arrow_in_the_category_of_frames_is_counted_as_an_arrow() -> None:
    members = ['"cat": "python_function"', '"name": "f"', '"ph": "s"']
    for ordered in permutations(members):
        event = '{"ts": 1, "dur": 2, ' + ", ".join(ordered) + "}"
        for read in _both_ways(f"[{event}]".encode(), ()):
            assert +read.file.unread == {"flow": 1}


def test_real_traces_give_the_same_study(shared_traces: Path, tmp_path: Path) -> None:
    fast, slow = tmp_path / "fast.duckdb", tmp_path / "slow.duckdb"
    # half on each change; one job, so that they are built together
    paths = [shared_traces / name for name in part(SMALL, of=2)]
    results = ingest(fast, paths, jobs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda: None)
        results += ingest(slow, paths, jobs=1)
    assert [result.status for result in results] == ["loaded"] * 2 * len(paths)
    with duckdb.connect(str(fast)) as one, duckdb.connect(str(slow)) as other:
        # other views are computed from these
        assert {"cpu_op_parent", "work_annotation", "attention_call"} <= study_tables().keys()
        for table in study_tables():
            # some columns hold lists
            rows = Counter(map(str, one.table(table).fetchall()))
            assert rows == Counter(map(str, other.table(table).fetchall())), table


def test_the_command_says_that_it_is_slow(
    no_library: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(
        '[{"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 1, "dur": 2}]'
    )
    assert main(["ingest", "a.json"]) == 0
    printed = capsys.readouterr()
    assert "1 loaded" in printed.out
    (line,) = printed.err.splitlines()
    assert line.startswith("genscope: this installation has no compiled reader")
