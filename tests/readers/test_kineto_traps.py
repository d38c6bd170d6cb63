"""A small trace for each trap of Kineto files (522 lines because there are 43 traps).

Without the handling of its trap, a test fails.

T time, L links, D device timeline, F file format: the numbers are those of the project's list of
traps; each test says in its name what goes wrong elsewhere.
"""

import gzip
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load.trace_file import find
from genscope.analyze.readers.kineto.read import rank_of
from genscope.analyze.readers.kineto.source import BLOCK_BYTES
from genscope.errors import UserError
from tests.readers.conftest import Load
from tests.readers.raw_events import read_bytes


def kernel(ts: Any = 10, dur: Any = 5, **args: Any) -> dict[str, Any]:
    place = {"device": 0, "stream": 7, "correlation": 1} | args
    named = {"cat": "kernel", "name": place.pop("name", "k")}
    return {"ph": "X", **named, "pid": 0, "tid": 7, "ts": ts, "dur": dur, "args": place}


def call(ts: Any = 1, dur: Any = 2, **args: Any) -> dict[str, Any]:
    named = {"cat": args.pop("cat", "cuda_runtime"), "name": args.pop("name", "cudaLaunchKernel")}
    who = {"pid": args.pop("pid", 100), "tid": args.pop("tid", 100)}
    return {"ph": "X", **named, **who, "ts": ts, "dur": dur, "args": {"correlation": 1} | args}


def op(ts: Any = 0, dur: Any = 5, name: str = "aten::mm", **args: Any) -> dict[str, Any]:
    place = {"cat": args.pop("cat", "cpu_op"), "pid": 100, "tid": args.pop("tid", 100)}
    return {"ph": "X", "name": name, **place, "ts": ts, "dur": dur, "args": args}


class Made:
    """Writes a trace of a few events and loads it."""

    def __init__(self, folder: Path, load: Load) -> None:
        self._path = folder / "trace.json"
        self._load = load

    def __call__(
        self, *events: Any, keep: Collection[str] = (), **keys: Any
    ) -> duckdb.DuckDBPyConnection:
        self._path.write_text(json.dumps({**keys, "traceEvents": events}))
        return self._load(self._path, keep=keep)


@pytest.fixture
def made(tmp_path: Path, load: Load) -> Made:
    return Made(tmp_path, load)


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def anomalies(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(rows(con, "SELECT kind, count FROM anomaly"))


def test_t1_t2_decimal_text_is_ns_and_the_base_is_kept(made: Made) -> None:
    con = made(kernel("@"), op(), displayTimeUnit="ms", baseTimeNanoseconds=1775078550000000000)
    assert anomalies(con)["no_timestamp"] == 1
    con = made(kernel(3603029046213.755, 22.534), baseTimeNanoseconds=1775078550000000000)
    assert rows(con, "SELECT start_ns, dur_ns FROM kernel") == [(3603029046213755, 22534)]
    assert rows(con, "SELECT base_unix_ns, resolution_ns FROM trace") == [(1775078550000000000, 1)]


def test_t3_absolute_whole_microseconds_are_told(made: Made) -> None:
    con = made(kernel(1740461679471346, 52))
    assert rows(con, "SELECT start_ns FROM kernel") == [(1740461679471346000,)]
    assert rows(con, "SELECT base_unix_ns, resolution_ns FROM trace") == [(0, 1000)]
    assert anomalies(con)["whole_microseconds"] == 1


def test_t4_absolute_fractions_beyond_a_double_are_exact() -> None:
    text = b'{"traceEvents": [{"ph": "X", "ts": 1712195495519283.094, "dur": 0.001}]}'
    (row,) = read_bytes(text).rows
    assert row[5:7] == ("1712195495519283094", "1")


def test_t5_times_may_be_strings(made: Made) -> None:
    con = made(kernel("1712195495519283.0945", "7"))
    assert rows(con, "SELECT start_ns, dur_ns FROM kernel") == [(1712195495519283094, 7000)]


def test_t6_short_kernels_are_floored_not_rounded(made: Made) -> None:
    con = made(kernel(1, 0.6), kernel(5, 0.9996))
    assert rows(con, "SELECT dur_ns FROM kernel ORDER BY start_ns") == [(600,), (999,)]


def test_t7_outliers_are_told_and_marks_are_no_work(made: Made) -> None:
    marks = [{"ph": "i", "s": "g", "name": "Record Window End", "pid": "", "tid": "", "ts": 9e14}]
    span = {"ph": "X", "cat": "Trace", "name": "PyTorch Profiler (0)", "pid": "Spans"}
    con = made(
        op(), op(9e11), op(dur=9e10), op(dur=-3), kernel(), *marks, span | {"ts": 0, "dur": 9e13}
    )
    assert anomalies(con) | {"outlier_time": 2, "negative_duration": 1} == anomalies(con)
    assert rows(con, "SELECT min(dur_ns) FROM cpu_op") == [(0,)]
    assert rows(con, "SELECT count(*) FROM kernel") == [(1,)]


def test_t8_device_annotations_are_never_work(made: Made) -> None:
    note = {"ph": "X", "cat": "gpu_user_annotation", "name": "step", "pid": 0, "tid": 7}
    con = made(kernel(10, 0), note | {"ts": 9.999, "dur": 5.002, "args": {"External id": 3}})
    assert rows(con, "SELECT kind, process_id, thread_id FROM annotation") == [
        ("gpu_user", "0", "7")
    ]
    assert anomalies(con)["zero_duration_kernel"] == 1


def test_t9_copies_of_an_event_count_once_and_unlinked_kernels_are_told(made: Made) -> None:
    con = made(kernel(), kernel(), kernel(correlation=2), call())
    assert rows(con, "SELECT count(*) FROM kernel") == [(2,)]
    assert anomalies(con) | {"duplicate_device_event": 1, "unlinked_kernel": 1} == anomalies(con)


def test_t9_copies_of_an_event_of_the_host_count_once(made: Made) -> None:
    """An event is a copy if its times and its number are those of another; without a number, nothing says so."""
    with_id, without = op(**{"External id": 7}), op(50)
    con = made(
        *(with_id, with_id, op(**{"External id": 8}), without, without),
        *(call(correlation=3), call(correlation=3), call(correlation=4)),
    )
    assert rows(con, "SELECT count(*) FROM cpu_op") == [(4,)]
    assert rows(con, "SELECT count(*) FROM runtime_call") == [(2,)]
    assert anomalies(con)["duplicate_host_event"] == 2


def test_ranges_that_differ_in_their_process_alone_are_in_its_order(made: Made) -> None:
    ranges = [op(name="step", cat="user_annotation") | {"pid": pid} for pid in (3, 1, 4, 2)]
    con = made(op(), *ranges)
    found = rows(con, "SELECT process_id FROM annotation ORDER BY annotation_id")
    assert found == [("1",), ("2",), ("3",), ("4",)]


def test_t9_copies_count_once_however_their_texts_are_numbered(made: Made) -> None:
    """Each thread of the reader numbers texts by itself, and so do both ways to write a thread's id."""
    first, second = (
        [op(tid=tid, **{"External id": 7}), call(tid=tid), call(tid=tid, name="cuLaunchKernel")]
        for tid in (100, "100")
    )
    con = made(*first, *second)
    assert rows(con, "SELECT count(*) FROM cpu_op") == [(1,)]
    assert rows(con, "SELECT count(*) FROM runtime_call") == [(2,)]
    assert anomalies(con)["duplicate_host_event"] == 3


def test_l1_l2_both_ids_in_old_and_new_spelling(made: Made) -> None:
    old = {"external id": 5, "correlation": 9, "device": 0, "stream": 0}
    con = made(
        kernel(**{"External id": 4}),
        kernel(20) | {"cat": "Kernel", "args": old},
        op(cat="Operator", **{"Input dims": [[2, 3]], "External id": 5}),
        call(cat="Runtime", **{"external id": 5}),
    )
    assert rows(con, "SELECT external_id, correlation_id FROM kernel ORDER BY start_ns") == [
        (4, 1),
        (5, 9),
    ]
    assert rows(con, "SELECT external_id, input_dims FROM cpu_op") == [(5, "[[2,3]]")]
    assert rows(con, "SELECT external_id, correlation_id FROM runtime_call") == [(5, 1)]


def test_l3_no_external_id_is_null_and_so_is_0(made: Made) -> None:
    con = made(kernel(), kernel(20, **{"External id": 0}))
    assert rows(con, "SELECT DISTINCT external_id FROM kernel") == [(None,)]


def test_l4_flow_arrows_are_counted_and_not_loaded(made: Made) -> None:
    arrow = {"ph": "f", "id": 1, "pid": 0, "tid": 7, "ts": 3, "cat": "ac2g", "name": "ac2g"}
    con = made(kernel(), arrow, arrow)
    assert rows(con, "SELECT event_count FROM trace") == [(3,)]
    assert "unknown_category" not in anomalies(con)


def test_l5_one_launch_many_kernels_keeps_graph_ids(made: Made) -> None:
    nodes = [kernel(10 + i, 1, **{"graph id": 2, "graph node id": 40 + i}) for i in range(3)]
    con = made(*nodes, call(name="cudaGraphLaunch"))
    assert rows(con, "SELECT graph_id, graph_node_id FROM kernel ORDER BY 2") == [
        (2, 40),
        (2, 41),
        (2, 42),
    ]
    assert anomalies(con)["graph_launch"] == 3


def test_l6_driver_calls_are_launches_too(made: Made) -> None:
    con = made(call(), call(5, cat="cuda_driver", name="cuLaunchKernelEx", correlation=2))
    assert rows(con, "SELECT name FROM runtime_call ORDER BY name") == [
        ("cuLaunchKernelEx",),
        ("cudaLaunchKernel",),
    ]


def test_l7_a_correlation_shared_by_processes_is_told(made: Made) -> None:
    con = made(call(), call(pid=200), kernel())
    assert anomalies(con)["shared_correlation"] == 1


def test_l8_a_correlation_of_minus_1_is_none(made: Made) -> None:
    con = made(kernel(correlation=-1), call(correlation=-1))
    assert rows(con, "SELECT correlation_id FROM kernel") == [(None,)]
    assert anomalies(con)["negative_correlation"] == 1


def frame(name: str, ts: Any = 0, **args: Any) -> dict[str, Any]:
    return op(ts, 9, name, cat="python_function", **args)


def test_l9_module_frames_are_always_loaded_with_their_ids(made: Made) -> None:
    ids = {"Python id": 4, "Python parent id": 3, "Python module id": 0}
    con = made(frame("nn.Module: Linear_0", **ids), frame("a.py(1): f", **{"Python id": 3}))
    assert rows(con, "SELECT name, kind, args ->> 'python_parent_id' FROM annotation") == [
        ("Linear_0", "python_module", "3")
    ]
    assert rows(con, "SELECT count(*) FROM python_call") == [(0,)]
    assert anomalies(con)["left_out_python"] == 1


def test_l10_compiled_code_is_told(made: Made) -> None:
    assert anomalies(made(op(name="Torch-Compiled Region: 0/0")))["compiled_region"] == 1


def test_l11_partial_overlap_is_told(made: Made) -> None:
    assert anomalies(made(op(0, 10), op(2, 3), op(5, 10)))["partial_overlap"] == 1
    assert "partial_overlap" not in anomalies(made(op(0, 10), op(0, 10), op(2, 8), op(10, 3)))


def test_d1_d2_d3_overlaps_of_one_stream(made: Made) -> None:
    con = made(kernel(0, 10), kernel(9.999, 5), kernel(2, 3, stream=8))
    assert anomalies(con)["same_stream_overlap"] == 1
    assert "overrunning_kernel" not in anomalies(con)
    assert anomalies(made(kernel(0, 1e6), kernel(500, 5)))["overrunning_kernel"] == 1


def test_d4_d5_by_category_never_by_stream(made: Made) -> None:
    sync = kernel(name="Stream Sync", stream=7) | {"cat": "cuda_sync"}
    con = made(
        kernel(stream=0),
        kernel(30, stream=-1),
        sync,
        kernel(name="Memset", stream=0) | {"cat": "gpu_memset"},
    )
    assert rows(con, "SELECT stream_id FROM kernel ORDER BY 1") == [(-1,), (0,)]
    assert rows(con, "SELECT kind FROM gpu_copy") == [("memset",)]
    assert anomalies(con)["category_without_table"] == 1


def test_d6_a_device_annotation_has_no_stream_arg(made: Made) -> None:
    note = {
        "ph": "X",
        "cat": "gpu_user_annotation",
        "name": "x",
        "pid": 0,
        "tid": 7,
        "ts": 1,
        "dur": 1,
    }
    con = made(note, kernel())
    assert rows(con, "SELECT count(*) FROM kernel") == [(1,)]


def test_d7_unknown_categories_are_counted_and_kept(made: Made) -> None:
    con = made(op(), kernel() | {"cat": "new_thing"}, op(cat="xpu_runtime"))
    assert rows(con, "SELECT category, name, start_ns, dur_ns, args FROM trace_event") == [
        ("new_thing", "k", 10000, 5000, None)
    ]
    assert rows(con, "SELECT count, example FROM anomaly WHERE kind = 'unknown_category'") == [
        (1, "new_thing 1")
    ]
    assert rows(con, "SELECT count(*) FROM runtime_call") == [(1,)]


def test_d7_unknown_categories_with_equally_many_events_are_named_in_order(made: Made) -> None:
    con = made(op(), *(kernel() | {"cat": cat} for cat in "hcbfgdaeh"))
    assert rows(con, "SELECT example FROM anomaly WHERE kind = 'unknown_category'") == [
        ("h 2, a 1, b 1, c 1, d 1, e 1, f 1, g 1",)
    ]


def test_unknown_arguments_are_kept_on_request(made: Made) -> None:
    odd = {"est. achieved occupancy %": 31, "new": {"a": [1, " } "]}, "bw": float("nan")}
    con = made(op(), kernel(**odd), call() | {"args": None}, keep={"args"})
    assert rows(con, "SELECT category, args FROM trace_event ORDER BY start_ns") == [
        ("cpu_op", "{}"),
        ("cuda_runtime", None),
        (
            "kernel",
            '{"device": 0, "stream": 7, "correlation": 1, "est. achieved occupancy %": 31, '
            '"new": {"a": [1, " } "]}, "bw": null}',
        ),
    ]
    assert anomalies(con)["not_a_number"] == 1


def test_arguments_of_synchronisations_are_always_kept(made: Made) -> None:
    sync = kernel(name="Event Sync", wait_on_stream=20) | {"cat": "cuda_sync"}
    con = made(op(), sync, kernel(20))
    assert rows(con, "SELECT category, args FROM trace_event ORDER BY start_ns") == [
        ("cuda_sync", '{"device": 0, "stream": 7, "correlation": 1, "wait_on_stream": 20}')
    ]


def test_arguments_without_a_column_are_counted(made: Made) -> None:
    con = made(op(**{"Ev Idx": 1, "new": 2}), op(9, **{"Ev Idx": 2, "External id": 4}))
    told = "SELECT count, example FROM anomaly WHERE kind = 'argument_without_column'"
    assert rows(con, told) == [(3, "Ev Idx 2, new 1")]


def test_d8_memory_events_have_a_table(made: Made) -> None:
    args = {
        "Bytes": -512,
        "Addr": 2**63 + 1,
        "Device Id": 0,
        "Device Type": 1,
        "Total Allocated": 4096,
    }
    note = {
        "ph": "i",
        "cat": "cpu_instant_event",
        "s": "t",
        "name": "[memory]",
        "pid": 1,
        "tid": 1,
        "ts": 2,
    }
    con = made(note | {"args": args}, note | {"cat": None, "args": {"Bytes": 4, "Device Type": 0}})
    assert rows(
        con, "SELECT device_id, size_bytes, addr, allocated_bytes FROM memory_event ORDER BY 1"
    ) == [
        (-1, 4, None, None),
        (0, -512, 2**63 + 1, 4096),
    ]


def test_d9_processes_are_text_and_devices_numbers(made: Made) -> None:
    con = made(op() | {"pid": "Spans", "tid": ""}, kernel(device=2) | {"pid": 2})
    assert rows(con, "SELECT process_id, thread_id FROM cpu_op") == [("Spans", "")]
    assert rows(con, "SELECT device_id, process_id FROM kernel") == [(2, None)]


def test_d10_only_devices_with_events_and_no_empty_names(made: Made) -> None:
    listed = [{"id": i, "name": "H800", "totalGlobalMem": 80, "numSms": 132} for i in range(8)]
    con = made(kernel(device=3), deviceProperties=listed)
    assert rows(con, "SELECT device_id, name, sm_count FROM device") == [(3, "H800", 132)]
    con = made(kernel(device=2), deviceProperties=[{"id": 0, "name": ""}])
    assert rows(con, "SELECT device_id, name FROM device") == [(2, None)]
    assert rows(made(op()), "SELECT device_id FROM device") == [(-1,)]


def test_d11_replays_with_fewer_kernels_are_told(made: Made) -> None:
    calls = [call(i, 0.5, name="hipGraphLaunch", correlation=i) for i in (1, 2, 3)]
    whole = [kernel(10 + i, 1, correlation=1) for i in range(5)]
    less = [kernel(20 + i, 1, correlation=2) for i in range(4)]
    assert anomalies(made(*calls, *whole, *less))["uneven_graph_replay"] == 2
    even = [kernel(20 + i, 1, correlation=c) for c in (2, 3) for i in range(5)]
    assert "uneven_graph_replay" not in anomalies(made(*calls, *whole, *even))


def test_d12_overhead_is_told_and_not_subtracted(made: Made) -> None:
    con = made(op(0, 100), op(5, 20, "Activity Buffer Request", cat="overhead"))
    assert anomalies(con)["profiler_overhead"] == 1
    assert rows(con, "SELECT name, dur_ns FROM cpu_op") == [("aten::mm", 100_000)]


def test_f2_list_root_and_keys_behind_the_events(made: Made, tmp_path: Path, load: Load) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([op()]))
    assert rows(load(path), "SELECT event_count FROM trace") == [(1,)]
    text = json.dumps(
        {"traceEvents": [op()], "traceName": "a]}", "distributedInfo": {"rank": 3, "world_size": 8}}
    )
    path.write_text(text)
    assert rows(load(path), "SELECT rank, world_size, complete FROM trace") == [(3, 8, True)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["text", "gzip"])
def test_f3_a_cut_file_is_loaded_up_to_the_cut(pack: Any, tmp_path: Path, load: Load) -> None:
    text = json.dumps({"traceEvents": [op(i) for i in range(50)]}).encode()
    path = tmp_path / "cut.json"
    path.write_bytes(pack(text)[: -len(pack(text)) // 4] if pack is gzip.compress else text[:3000])
    con = load(path)
    assert rows(con, "SELECT complete FROM trace") == [(False,)]
    assert anomalies(con)["truncated"] == 1
    assert rows(con, "SELECT count(*) > 10 FROM cpu_op") == [(True,)]


@pytest.mark.parametrize("cut", ["", ",", ", {", "\n"])
@pytest.mark.parametrize("start", ["[", '{"traceEvents": ['])
def test_f3_a_cut_between_events_is_told(start: str, cut: str) -> None:
    # the text ends as a whole file may, with an event's '}': only the ']' is missing
    found = read_bytes((start + ", ".join(json.dumps(op(i)) for i in range(3)) + cut).encode())
    assert found.rows.total() == 3
    assert not found.file.complete
    assert "truncated" in found.kinds


def test_f3_two_writers_in_one_file(tmp_path: Path, load: Load) -> None:
    one = json.dumps({"traceEvents": [op(i) for i in range(9)]})
    path = tmp_path / "mixed.json"
    path.write_text(one[:-40] + one + one[-40:])
    con = load(path)
    assert rows(con, "SELECT complete FROM trace") == [(False,)]
    assert rows(con, "SELECT count(*) >= 16 FROM cpu_op") == [(True,)]
    assert anomalies(con)["unreadable_event"] >= 1


def test_f4_gzip_is_told_by_its_bytes(tmp_path: Path, load: Load) -> None:
    text = json.dumps({"traceEvents": [op(), op(9)]}).encode()
    path = tmp_path / "named.json"
    path.write_bytes(gzip.compress(text[:40]) + gzip.compress(text[40:]) + b"\0\0")
    assert rows(load(path), "SELECT event_count, complete FROM trace") == [(2, True)]
    path.write_bytes(gzip.compress(text) + bytes(2 * BLOCK_BYTES))
    assert rows(load(path), "SELECT event_count, complete FROM trace") == [(2, True)]
    plain = tmp_path / "named.json.gz"
    plain.write_bytes(text)
    assert rows(load(plain), "SELECT event_count FROM trace") == [(2,)]


@pytest.mark.parametrize(
    "name", ["x.rank-3.json", "rank_3.json", "p-TP-3.trace.json.gz", "t.rank3.json"]
)
def test_f5_ranks_in_names(name: str) -> None:
    assert rank_of(Path(name), {}) == (3, None)
    assert rank_of(Path(name), {"rank": 5, "world_size": 6}) == (5, 6)
    assert rank_of(Path("frankfurt12.json"), {}) == (None, None)


def test_f6_merged_ranks_keep_their_names(made: Made) -> None:
    con = made(op() | {"pid": "[TP00-DP01] 83"}, op() | {"pid": "[TP01-DP01] 83"})
    assert rows(con, "SELECT count(DISTINCT process_id) FROM cpu_op") == [(2,)]
    assert anomalies(con)["merged_process"] == 2


def test_f7_python_frames_are_counted_and_loaded_on_request(made: Made) -> None:
    con = made(frame("a.py(1): f", **{"Python id": 1}), op(), keep={"python"})
    assert rows(con, "SELECT name, python_id FROM python_call") == [("a.py(1): f", 1)]
    assert "left_out_python" not in anomalies(con)


@pytest.mark.parametrize(
    "text",
    [
        '{"traceEvents": []}',
        '{"traceEvents": [{"ph": "B", "name": "jit", "pid": 1, "ts": 1}]}',
        '{"traceEvents": [{"ph": "X", "cat": "FEE", "name": "f", "ts": 1, "dur": 1}]}',
        '{"nodes": []}',
        "hello",
        "",
        "\x89PNG",
    ],
)
def test_f8_other_files_are_refused_in_one_line(text: str, tmp_path: Path, load: Load) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"other\.json: .+") as error:
        load(path)
    assert "\n" not in str(error.value)


def test_f9_the_reader_is_chosen_by_format(tmp_path: Path) -> None:
    for name, reader in (
        ("a.json", "kineto"),
        ("a.pt.trace.json.gz", "kineto"),
        ("a.sqlite", "nsys"),
    ):
        (tmp_path / name).touch()
        assert find([tmp_path / name])[0].format == reader


def test_collectives_of_two_devices(made: Made) -> None:
    said = {
        "Collective name": "_allgather_base",
        "In msg nelems": 3,
        "Out msg nelems": 6,
        "dtype": "BFloat16",
        "Group size": 2,
        "Process Group Name": "tp",
        "Process Group Ranks": "[0, 1]",
        "Seq": 7,
        "Comms Id": 17_046_744_073_709_551_615,
    }
    nccl = {"name": "ncclDevKernel_Generic(x)"}
    con = made(
        kernel(ts=10, correlation=1, **nccl, **said),
        kernel(ts=20, correlation=2, device=1, **nccl),
        call(ts=5, correlation=1),
        op(ts=6, name="record_param_comms", **said),
        call(ts=7, correlation=2),
    )
    told = "SELECT kernel_id, op_id, * EXCLUDE (trace_id, kernel_id, op_id) FROM collective ORDER BY kernel_id"
    assert rows(con, told) == [
        (1, None, None, "_allgather_base", "tp", "[0, 1]", 2, 3, 6, "BFloat16", None, 7, "17046744073709551615"),
        (None, 1, None, "_allgather_base", "tp", "[0, 1]", 2, 3, 6, "BFloat16", None, 7, "17046744073709551615"),
    ]  # fmt: skip
    found = rows(con, "SELECT kind, count, example FROM anomaly WHERE kind = 'several_devices'")
    assert found == [("several_devices", 2, "0, 1")]
    assert "argument_without_column" not in anomalies(con)


def test_collectives_without_kernels(made: Made) -> None:
    con = made(op(name="record_param_comms", **{"Collective name": "allreduce"}))
    assert rows(con, "SELECT kernel_id, op_id, name FROM collective") == [(None, 1, "allreduce")]


def test_a_phase_that_is_recorded_as_an_operator_is_a_range(made: Made) -> None:
    con = made(op(0, 50, "phase:train"), op(1, 5), op(10, 9, "MmBackward0"))
    assert rows(con, "SELECT name, kind, dur_ns FROM annotation") == [
        ("phase:train", "user", 50_000)
    ]
    # or it would be the outermost operator of the step, where that of a backward pass is looked for
    assert rows(con, "SELECT name FROM cpu_op ORDER BY op_id") == [("aten::mm",), ("MmBackward0",)]
