"""PyTorch's memory snapshots: pickles of plain values are read, everything else is refused in one line."""

import csv
import json
import pickle
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from genscope.analyze.load import narrow, staging, tables, trace_file
from genscope.analyze.readers import safe_pickle
from genscope.analyze.readers.memory_snapshot import reader, rows
from genscope.analyze.sql_file import load_layer
from genscope.errors import UserError

MODEL = [{"filename": "model.py", "line": 5, "name": "forward"}]
OPERATOR = [
    {"filename": "??", "line": 0, "name": "at::_ops::empty_memory_format::call(c10::ArrayRef<>)"},
    {"filename": "??", "line": 0, "name": "at::_ops::addmm::call(at::Tensor const&)"},
    {"filename": "/lib/site-packages/torch/nn/functional.py", "line": 9, "name": "linear"},
    *MODEL,
]


def block(address: int, size: int, state: str = "active_allocated", **more: Any) -> dict[str, Any]:
    return {"address": address, "size": size, "requested_size": size, "state": state, **more}


def segment(address: int, size: int, *blocks: dict[str, Any]) -> dict[str, Any]:
    return {"device": 0, "address": address, "total_size": size, "blocks": list(blocks)}


def entry(action: str, addr: int, size: int, time_us: Any, **more: Any) -> dict[str, Any]:
    return {"action": action, "addr": addr, "size": size, "time_us": time_us, "stream": 0, **more}


@pytest.fixture
def staged(tmp_path: Path) -> Any:
    """A function that stages a file, or a value that it pickles first."""
    con = duckdb.connect()
    con.execute("SET threads = 1")
    for table in load_layer("schema"):
        narrow.create(con, table)
    tables.create_macros(con)
    con.execute(
        "CREATE TABLE trace_file AS SELECT 1 AS trace_id, 'a' AS name, '/a' AS path, '-' AS digest, "
        "1 AS size_bytes, NULL::VARCHAR AS device_name, 0 AS odd_manifest_count, "
        "NULL::VARCHAR AS odd_manifest_example"
    )

    def stage(value: Any) -> duckdb.DuckDBPyConnection:
        path = value if isinstance(value, Path) else tmp_path / "memory.pickle"
        if path != value:
            path.write_bytes(pickle.dumps(value, protocol=4))
        reader.read_raw(con, path, tmp_path, keep=(), workers=1)
        staging.stage(con, "memory_snapshot")
        return con

    yield stage
    con.close()


@pytest.mark.parametrize("name", ["synthetic.pickle", "mosaic_output.pickle"])
def test_totals_are_those_of_an_independent_count(
    name: str, shared_traces: Path, staged: Any
) -> None:
    folder = shared_traces.parent / "reference"
    with (folder / "memory_snapshot.csv").open() as file:
        (wanted,) = (row for row in csv.DictReader(file) if row["file"] == name)
    con = staged(folder / "snapshots" / name)
    first = con.execute(
        "SELECT allocated_bytes - size_bytes * (action = 'alloc')::INT, reserved_bytes"
        " - size_bytes * (action = 'segment_alloc')::INT FROM memory_action WHERE action_id = 0"
    ).fetchall()
    assert first == [(int(wanted["first_allocated_bytes"]), int(wanted["first_reserved_bytes"]))]
    start = min(
        row[0] for row in con.execute("SELECT time_us FROM memory_snapshot_entry").fetchall()
    )
    peak = con.execute(
        "SELECT max(allocated_bytes), max(active_bytes), max(reserved_bytes), "
        "arg_min(ts_ns, (-allocated_bytes, ts_ns)) // 1000, count(*) FROM memory_action"
    ).fetchall()
    at = int(wanted["peak_time_us"]) - start
    names = ("peak_allocated_bytes", "peak_active_bytes", "peak_reserved_bytes")
    assert peak == [(*(int(wanted[name]) for name in names), at, int(wanted["entry_count"]))]
    state = con.execute(
        "SELECT sum(size_bytes) FILTER (WHERE state = 'active_allocated'), "
        "coalesce(sum(size_bytes) FILTER (WHERE state = 'active_pending_free'), 0), "
        "(SELECT sum(size_bytes) FROM memory_segment) FROM memory_block"
    ).fetchall()
    names = ("allocated_bytes", "awaiting_free_bytes", "reserved_bytes")
    assert state == [tuple(int(wanted[name]) for name in names)]


class Harm:
    """What runs a command in an ordinary unpickler."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("harm"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pickle.dumps({"segments": [Harm()]}), "it would import pathlib"),
        (b"cos\nsystem\n(S'touch harm'\ntR.", "it would import os.system"),
        (b"\x80\x02]\x82\x01.", "b'\\x82' isn't one of plain data"),
        (b"\x8c\x03a\nb\x8c\x01c\x93.", "it would import a b.c"),
        (b"]" * 80 + b"a" * 79 + b"]\x93.", "damaged (UnpicklingError)"),
        (b"]Q.", "b'Q' isn't one of plain data"),
        (b"", "damaged (EOFError)"),
        (b"\x8c\xffab", "damaged"),
        (b"K\x01K\x02a.", "damaged (AttributeError)"),
        (b"h\x05.", "damaged"),
        (b"u.", "damaged (IndexError)"),
        (b"}" + b"(" * 99 + b".", "more than 64 levels"),
        (b"\x80\x04}]\x85\x85K\x01s.", "neither a text nor a number"),
        (b"}" + b"]" * 100 + b".", "more than 90 lists"),
        (b"]" + b"\x94" * 100 + b".", "more than 90 values"),
        (pickle.dumps({"weights": [1, 2]}), "it has no segments"),
        (pickle.dumps([[1]]), "it has no segments"),
        (pickle.dumps(7), "it has no segments"),
        (b"]" * 80 + b"a" * 79 + b".", "it has no segments"),
        (pickle.dumps({"segments": [segment(1, 1, *[block(1, 1)] * 99)]}), "more than 80 blocks"),
    ],
)
def test_whatever_is_no_snapshot_is_refused_in_one_line(
    data: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(safe_pickle, "MOST_VALUES", 90)
    monkeypatch.setattr(rows, "MOST_ROWS", 80)
    path = tmp_path / "bad.pickle"
    path.write_bytes(data)
    with duckdb.connect() as con, pytest.raises(UserError) as raised:
        reader.read_raw(con, path, tmp_path, keep=(), workers=1)
    text = str(raised.value)
    assert text.startswith(f"{path}: this pickle isn't a memory snapshot: ") and why in text
    assert "\n" not in text and not (tmp_path / "harm").exists()


def test_a_part_that_holds_itself_is_left_out(staged: Any) -> None:
    endless: list[Any] = []
    endless.append(endless)
    odd = [endless, {"action": "alloc", "frames": endless}, {"action": endless, "size": endless}]
    con = staged({"segments": [segment(1, 1, *odd)], "device_traces": [odd, endless]})
    assert con.execute("SELECT count, example FROM anomaly").fetchall() == [
        (7, "{'action': 'alloc'}")
    ]


def test_a_file_over_the_limit_is_not_even_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_BYTES", 3)
    (tmp_path / "big.pickle").write_bytes(b"....")
    with duckdb.connect() as con, pytest.raises(UserError, match="max_entries"):
        reader.read_raw(con, tmp_path / "big.pickle", tmp_path, keep=(), workers=1)


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_gives_the_same_values(protocol: int) -> None:
    value = {
        "a": [1, -1, 255, 70_000, 2**40, -(2**40), None, True, False, 1.5, ("x", (), (1, 2, 3, 4))],
        "long": ["é" * 300, MODEL, MODEL] * 700,
    }
    assert safe_pickle.loads(pickle.dumps(value, protocol=protocol)) == value


def test_stacks_and_tags_say_where_a_block_was_allocated(staged: Any) -> None:
    tag = json.dumps(["component:unet", "step:3", "module:unet.mid|Block", "module:unet.mid.a|A"])
    blocks = [
        block(1, 1, frames=OPERATOR, user_metadata=tag),
        block(2, 1, frames=OPERATOR, user_metadata="my phase"),
        block(3, 1, frames=OPERATOR[:1]),
        block(4, 1, frames=OPERATOR[2:3], user_metadata="[]"),
        block(5, 1, frames=[]),
    ]
    con = staged({"segments": [segment(1, 9, *blocks)]})
    found = con.execute(
        "SELECT addr, op_name, place, component, step, module FROM memory_block "
        "LEFT JOIN memory_stack USING (trace_id, stack_id) ORDER BY addr"
    ).fetchall()
    operator, torch_line = "aten::empty_memory_format", "torch/nn/functional.py(9): linear"
    assert found == [
        (1, operator, "model.py(5): forward", "unet", "3", "unet.mid.a"),
        (2, operator, "model.py(5): forward", "my phase", None, None),
        (3, operator, None, None, None, None),
        (4, None, f"/lib/site-packages/{torch_line}", None, None, None),
        (5, None, None, None, None, None),
    ]


def test_order_counts_where_times_are_equal_or_go_back(staged: Any) -> None:
    trace = [
        entry("alloc", 1, 10, 100),
        entry("alloc", 2, 20, 100),
        entry("free_requested", 1, 10, 90),
        entry("free_completed", 1, 10, None),
        entry("alloc", 3, 5, 101),
    ]
    whole = segment(0, 64, block(2, 20), block(3, 5), block(9, 30, "inactive"))
    con = staged({"segments": [whole], "device_traces": [trace, []]})
    assert con.execute("SELECT ts_ns, allocated_bytes, active_bytes FROM memory_action").fetchall() == [
        (10_000, 10, 10),
        (10_001, 30, 30),
        (10_002, 20, 30),
        (10_003, 20, 20),
        (11_000, 25, 25),
    ]  # fmt: skip
    events = con.execute("SELECT size_bytes, allocated_bytes FROM memory_event ORDER BY ts_ns")
    assert events.fetchall() == [(10, 10), (20, 30), (-10, 20), (5, 25)]
    assert con.execute("SELECT kind FROM anomaly").fetchall() == []


def test_what_contradicts_or_is_unknown_is_counted(staged: Any) -> None:
    trace = [
        entry("free_completed", 1, 10, 1),
        entry("alloc", 2, 70, 2),
        entry("defragment", 2, 1, 3),
        {"action": "alloc", "size": -1, "addr": 2, "time_us": 4},
        "no entry",
    ]
    con = staged({"segments": [segment(0, 64, block(5, 30))], "device_traces": [trace]})
    assert con.execute("SELECT DISTINCT allocated_bytes, reserved_bytes FROM memory_event").fetchall() == [(None, None)]  # fmt: skip
    assert con.execute("SELECT kind, count FROM anomaly ORDER BY kind").fetchall() == [
        ("contradicting_history", 1),
        ("unknown_category", 1),
        ("unreadable_event", 2),
    ]
    assert con.execute("SELECT event_count, skipped_count, base_unix_ns FROM trace").fetchall() == [
        (4, 2, None)
    ]


def test_an_old_snapshot_is_a_list_of_segments(staged: Any) -> None:
    blocks = [{"size": 8, "state": "inactive"}, {"size": 4, "state": "active_allocated"}]
    con = staged([{"device": 1, "address": 100, "total_size": 12, "blocks": blocks}])
    found = con.execute("SELECT device_id, addr, size_bytes FROM memory_block").fetchall()
    assert found == [(1, 100, 8), (1, 108, 4)]


def test_ranges_may_begin_before_the_history_and_end_after_it(staged: Any) -> None:
    marks = [
        {"stage": stage, "name": name, "device": 0, "time_us": time_us}
        for stage, name, time_us in [
            ("END", "warm up", 12),
            ("START", "component:unet", 13),
            ("START", "loop", 14),
            ("END", "component:unet", 15),
        ]
    ]
    trace = [entry("alloc", 1, 1, 10), entry("free_completed", 1, 1, 20)]
    con = staged({"segments": [], "device_traces": [trace], "external_annotations": marks})
    assert con.execute("SELECT name, kind, start_ns, dur_ns FROM annotation ORDER BY 3").fetchall() == [
        ("warm up", "user", 0, 2000),
        ("unet", "component", 3000, 2000),
        ("loop", "user", 4000, 7000),
    ]  # fmt: skip


def test_a_snapshot_does_not_change_the_name_of_its_runs_trace(tmp_path: Path) -> None:
    for name in ("manifest.json", "trace.json.gz", "weights.pkl"):
        (tmp_path / name).write_bytes(b"{}")
    (tmp_path / "memory.pickle").write_bytes(pickle.dumps({"segments": []}))
    names = {found.format: found.name for found in trace_file.find([tmp_path])}
    assert names == {"kineto": tmp_path.name, "memory_snapshot": f"{tmp_path.name}-memory"}


def test_totals_counted_backwards_are_those_of_a_run_counted_forwards(staged: Any) -> None:
    """A random program of which only the newest entries are kept, as the allocator's ring keeps them."""
    random = Random(7)
    blocks: dict[int, int] = {}
    pending: dict[int, int] = {}
    truth, trace, reserved = [], [], 0
    for time_us in range(400):
        choice = random.random()
        if choice < 0.1:
            reserved += 4096
            trace.append(entry("segment_alloc", time_us, 4096, time_us))
        elif pending and choice < 0.3:
            addr, size = pending.popitem()
            trace.append(entry("free_completed", addr, size, time_us))
        elif blocks and choice < 0.6:
            addr = random.choice(list(blocks))
            pending[addr] = blocks.pop(addr)
            trace.append(entry("free_requested", addr, pending[addr], time_us))
        else:
            blocks[time_us] = random.randrange(1, 99)
            trace.append(entry("alloc", time_us, blocks[time_us], time_us))
        used = sum(blocks.values())
        truth.append((used, used + sum(pending.values()), reserved))
    state = [block(*item) for item in blocks.items()]
    state += [block(*item, "active_pending_free") for item in pending.items()]
    con = staged({"segments": [segment(0, reserved, *state)], "device_traces": [trace[150:]]})
    totals = "SELECT allocated_bytes, active_bytes, reserved_bytes FROM memory_action"
    assert con.execute(f"{totals} ORDER BY action_id").fetchall() == truth[150:]
