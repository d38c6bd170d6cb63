"""Values of a file that can't be right cost nothing but themselves: arguments, labels, manifests, ids.

Clean work is loaded with odd values all around it, and every row of it must be as without them.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from genscope.analyze.load.manifest_values import checked
from genscope.analyze.load.tables import create_schema
from genscope.analyze.load.trace_file import find
from genscope.analyze.sql_file import shipped_queries
from genscope.analyze.study import Study
from tests.effort import part
from tests.readers.nsys_export import call, kernel, nvtx, strings, write_export

SEED = 20260727
ODD = (
    *("", "x", None, True, -1, 1.5, 10**30, "\0", "512x512", float("nan"), [], {}, [[1]]),
    *([-2, 3], [2**40, 2**40], [2**62, 9], ["a", None], {"a": {"b": [1]}}, [[[2, 3], [-1, 1]]]),
)
OPERATORS = (
    *("aten::index_select", "aten::mm", "aten::linear", "aten::convolution", "aten::bmm"),
    *("aten::_softmax", "aten::scaled_dot_product_attention", "aten::upsample_nearest2d"),
    *("aten::_to_copy", "aten::cat", "aten::native_layer_norm", "aten::_flash_attention_forward"),
)
LABELS = (
    *("attention:kind=self,query_len=4x", "attention:kind=sideways,heads=0", "attention:", "step:"),
    "attention:site=,batch=99999999999999999999",
    "attention:query_len=2147483647,kv_len=2147483647",
    "attention:kind=self,batch=2147483647,heads=2147483647,query_len=2147483647,dtype=float16",
    *("step:first", "step:-1", "step:1e3", "component:", "module:|Block", "attention:please"),
)
CLEAN = 1000


def _event(name: str, start: float, dur: float, **more: Any) -> dict[str, Any]:
    event = {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": start, "dur": dur}
    return event | {"args": more.pop("args", {})} | more


def _work(number: int, name: str, args: dict[str, Any], *, label: str) -> Iterator[dict[str, Any]]:
    """A labelled operator with its launch and its kernel; a place of its own in time."""
    start = 100.0 * number
    yield _event(label, start, 90, cat="user_annotation")
    yield _event(name, start + 1, 80, args=args | {"External id": number})
    launch = {"correlation": number, "External id": number}
    yield _event("cudaLaunchKernel", start + 2, 1, cat="cuda_runtime", args=launch)
    device = {"device": 0, "stream": 7, "correlation": number, "External id": number}
    yield _event(f"kernel_{number}", start + 9, 50, cat="kernel", pid=0, tid=7, args=device)


def _clean() -> list[dict[str, Any]]:
    shape = {"Input Dims": [[1, 2, 64, 8]] * 3, "Input type": ["c10::Half"] * 3}
    product = {"Input Dims": [[4, 8], [8, 16]], "Input type": ["float"] * 2}
    return [
        *_work(CLEAN, "aten::mm", product, label="component:unet"),
        *_work(CLEAN + 1, "aten::scaled_dot_product_attention", shape, label="component:unet"),
        *_work(CLEAN + 2, "aten::mm", product, label="step:3"),
    ]


def _odd() -> list[dict[str, Any]]:
    """One operator for each odd value and name, and each odd label, each on its own."""
    values = random.Random(SEED)
    keys = ("Input Dims", "Input type", "Input Strides", "Concrete Inputs")
    number, found = 0, []
    for name in OPERATORS:
        for odd in ODD:
            number += 1
            args = {
                key: values.choice((odd, [odd] * 3, [[2, 3], odd, odd], json.dumps(odd)))
                for key in keys
            }
            found += _work(number, name, args, label=f"odd {number}")
    for label in LABELS:
        number += 1
        found += _work(number, "aten::mul", {}, label=label)
    assert number < CLEAN
    return found


def _write(folder: Path, events: list[dict[str, Any]], manifest: dict[str, Any] | None) -> Path:
    folder.mkdir()
    (folder / "trace.json").write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    if manifest is not None:
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The clean work alone, and the same among odd values, with a manifest of odd values."""
    folder = tmp_path_factory.mktemp("odd")
    manifest = {"model": "m", "steps_full": 50, "image_size": 64, "parameters": {"unet": 9}}
    odd = dict.fromkeys(("wall_ns", "steps_full", "predicted"), "fifty") | {
        "model": {"a": 1},
        "image_size": {},
        "frames": [4],
        "batch": 10**40,
        "component_steps_full": {"unet": "x", 'a"b': 3, "": 1, "$": 2},
        "parameters": {"unet": None, "vae": [1]},
        "wall_ns_repeats": [5, "x", True, -1],
        "device": {"peak_flops_per_s": {"float16": "x"}, "peak_bytes_per_s": "y"},
        "dtype": "$.x[",
        'a"b.*': 1,
        "null": "a\0b",
        "half": "\ud800",
        "nan": float("nan"),
    }
    runs = (
        _write(folder / "clean", _clean(), manifest),
        _write(folder / "odd", [*_clean(), *_odd()], odd),
    )
    with Study(folder / "study.duckdb") as opened:
        results = opened.ingest(runs)
        assert [result.error for result in results] == [None] * 2
        yield opened


def test_clean_rows_are_as_without_odd_values(study: Study) -> None:
    wanted = f"""
      SELECT work.name, dur_ns, work_component.component, work_step.step, work_module.module,
        category, flops, bytes, attention_call.attention_kind,
        query_len, heads, score_bytes
      FROM work
      JOIN trace USING (trace_id)
      JOIN work_component USING (trace_id, work_id)
      JOIN work_step USING (trace_id, work_id)
      JOIN work_module USING (trace_id, work_id)
      JOIN work_category USING (trace_id, work_id)
      JOIN work_cost USING (trace_id, work_id)
      LEFT JOIN work_attention USING (trace_id, work_id)
      LEFT JOIN attention_call USING (trace_id, attention_call_id)
      WHERE trace.name = '{{}}' AND work.name >= 'kernel_{CLEAN}' AND length(work.name) = 11
      ORDER BY work.name"""
    clean = study.sql(wanted.format("clean")).rows()
    assert len(clean) == 3 and clean[0][6] == 2 * 4 * 8 * 16 and clean[1][9] == 64
    assert study.sql(wanted.format("odd")).rows() == clean


@pytest.mark.parametrize("query", part([file.name for file in shipped_queries()], of=3))
def test_every_metric_answers(study: Study, query: str) -> None:
    needed = study.relation(query).params
    study.query(query, params={"first": "clean", "second": "odd"} if "first" in needed else {})


def test_what_was_left_out_is_declared(study: Study) -> None:
    found = study.sql("SELECT name, kind, count FROM anomaly JOIN trace USING (trace_id)").rows()
    counts = {(name, kind): count for name, kind, count in found}
    # the two of them that are only large are read
    assert counts["odd", "odd_label"] == len(LABELS) - 2
    assert counts["odd", "odd_manifest_value"] == 16
    assert not {kind for name, kind in counts if name == "clean"} & {"odd_label"}
    components = study.sql("SELECT DISTINCT component FROM work_component").rows()
    assert not {name for (name,) in components if re.match("(step|component|module):", name)}


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "{", '{"seed": ' + "9" * 5000, "\ufeff"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    (tmp_path / "trace.json").write_text("[]")
    (found,) = find([tmp_path])
    assert found.manifest is None and len(found.odd_manifest) == 1


def test_a_manifest_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"model": "m"}', encoding="utf-8-sig")
    (tmp_path / "trace.json").write_text("[]")
    (found,) = find([tmp_path])
    assert found.manifest == {"model": "m"} and not found.odd_manifest


def test_a_manifest_keeps_what_is_right() -> None:
    given = {"model": "m", "steps_full": 50.0, "frames": 4, "parameters": {"a": 1, "b": -1}}
    kept, odd = checked(given | {"mine": {"deep": [1, "x"]}, "seed": None})
    assert kept == {"model": "m", "frames": 4, "parameters": {"a": 1}} | {
        "mine": {"deep": [1, "x"]},
        "seed": None,
    }
    assert odd == ["steps_full: 50.0", "parameters.b: -1"]


def test_an_expectation_that_cannot_be_compared_is_declared() -> None:
    good = {"fact": "flops", "expected": 8, "place": None, "origin": "user", "tolerance": 0.1}
    wrong = [5, {"fact": "flops"}, {"fact": "flops", "expected": "x"}, {"fact": 5, "expected": 1}]
    wrong += [good | {"place": {}}, good | {"tolerance": "little"}]
    kept, odd = checked({"expected": [good, *wrong]})
    assert kept == {"expected": [good]} and len(odd) == len(wrong)
    assert checked({"expected": "all"}) == ({"expected": None}, ["expected: 'all'"])


def test_facts_of_few_runs_are_checked_too() -> None:
    wrong = {"samples": -4, "unit": ["turn"], "parameters_trained": "all", "phases_profiled": 3}
    assert len(checked(wrong)[1]) == len(wrong)
    right = {"samples": 4, "unit": "turn", "parameters_trained": 9, "phases_profiled": {"a": 1}}
    assert checked(right) == (right, [])


def test_each_framework_rule_matches_its_example() -> None:
    con = duckdb.connect()
    create_schema(con)
    unmatched = con.execute(
        "SELECT example FROM framework_range WHERE NOT regexp_matches(example, pattern)"
    ).fetchall()
    assert unmatched == []
    ours = con.execute(
        "SELECT name FROM (VALUES ('unet'), ('## forward ##'), ('step: warm up'), ('Data loading'),"
        " ('mpi'), ('autograd test'), ('Model Forward Pass')) AS own (name)"
        " JOIN framework_range ON regexp_matches(name, pattern)"
    ).fetchall()
    assert ours == []


def test_an_export_with_ids_twice_has_each_record_once(tmp_path: Path) -> None:
    texts = [*strings("gemm", "cudaLaunchKernel_v7000"), *strings("other", "again")]
    copy = {"start": 50, "end": 60, "deviceId": 0, "bytes": 8, "copyKind": 1, "globalPid": 7 << 24}
    kinds = [{"id": 1, "name": "A", "label": label} for label in ("HtoD", "Twice")]
    devices = [{"gpuId": 0, "cudaId": 0, "pid": 7}] * 3
    gpus = [{"id": 0, "name": name, "smCount": 1} for name in ("A", "B")]
    tables = {
        "StringIds": texts,
        "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(10 * i, 10 * i + 5) for i in range(3)],
        "CUPTI_ACTIVITY_KIND_MEMCPY": [copy],
        "CUPTI_ACTIVITY_KIND_RUNTIME": [call(i, i + 1, nameId=2) for i in range(2)],
        "NVTX_EVENTS": [nvtx(0, 99, None, textId=1)],
        "ENUM_CUDA_MEMCPY_OPER": kinds,
        "TARGET_INFO_CUDA_DEVICE": devices,
        "TARGET_INFO_GPU": gpus,
    }
    with Study(tmp_path / "study.duckdb") as opened:
        opened.ingest(write_export(tmp_path / "twice.sqlite", tables))
        assert opened.sql("SELECT name, dur_ns FROM work").rows() == [("gemm", 5)] * 3
        assert opened.sql("SELECT kind FROM gpu_copy").rows() == [("HtoD",)]
        assert opened.sql("SELECT count(*) FROM annotation").rows() == [(1,)]
        declared = opened.sql("SELECT count FROM anomaly WHERE kind = 'duplicate_id'").rows()
        assert declared == [(3 + 1 + 2 + 1,)]


def test_every_device_record_is_work_once(study: Study) -> None:
    counted = study.sql(
        "SELECT (SELECT count(*) FROM kernel WHERE trace_id = trace.trace_id),"
        " (SELECT count(*) FROM work WHERE trace_id = trace.trace_id) FROM trace ORDER BY trace_id"
    ).rows()
    assert counted == [(3, 3), (3 + len(_odd()) // 4,) * 2]


@pytest.mark.parametrize(("count", "late_us"), [(3, 4 * 10**15), (100, 10**14)])
def test_launches_that_wait_for_centuries_do_not_stop_a_load(
    tmp_path: Path, count: int, late_us: int
) -> None:
    """Three whose times only the SQL adds up, and a hundred of which a pass does."""
    product = {"Input Dims": [[4, 8], [8, 16]], "Input type": ["float"] * 2}
    works = (_work(n, "aten::mm", product, label="a") for n in range(1, count + 1))
    events = [event for work in works for event in work]
    for event in events:
        if event["cat"] == "kernel":
            event["ts"] = late_us + event["ts"]
    with Study(tmp_path / "study.duckdb") as opened:
        (result,) = opened.ingest(_write(tmp_path / "late", events, None))
        assert result.error is None
        opened.query("launch_queue")
        queues = opened.sql("SELECT launch_count, length_integral_ns FROM stream_queue").rows()
        assert queues == [(count, None)]
