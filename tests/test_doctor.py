"""The doctor: its findings agree with what is known of other people's traces, and repair mends."""

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.connect import connect
from genscope.analyze.doctor.examine import Diagnosis, examine
from genscope.analyze.needs import NEEDS
from genscope.analyze.readers.kineto.repair_file import repair
from genscope.analyze.sql_file import load_layer
from genscope.analyze.study import Study
from genscope.cli.doctor import examine_and_print
from genscope.errors import UserError
from tests.readers.raw_events import read_bytes
from tests.readers.test_kineto_traps import kernel

ROOT = Path(__file__).resolve().parent.parent
# kinds of ranges and copies
NOT_ANOMALIES = {"gpu_user", "python_module", "memset"}
# what manifest.csv notes of a file -> findings that say so, with their counts
NOTED: dict[str, dict[str, int]] = {
    "qwen1.5-0.5b-h100.json.gz": {"unlinked_kernel": 436, "environment_in_header": 1},
    "vllm-moe-tp8-b200.json.gz": {"same_stream_overlap": 74, "one_rank_of_many": 8},
    "sglang-qwen3-30b-decode-b300.json.gz": {"same_stream_overlap": 674, "graph_launch": 676},
    "alexnet-cupti-ranges-a100.json.gz": {"no_kernel": 1862, "device_events_of_others": 77},
    "switch-transformer-no-kernels-a100.json.gz": {"no_kernel": 4},
    "sequence-mixer-no-kernels-a100.json.gz": {"no_kernel": 270},
    "flux1-fmha-mi300x.json.gz": {"graph_launch": 3972, "compiled_region": 4},
    "resnet-gpu-only-mi210.json.gz": {"no_operator": 562},
    "transformer-block-h100.json.gz": {"whole_microseconds": 476},
    "dlrm-torchrec-v100.json.gz": {"whole_microseconds": 123_379, "one_rank_of_many": 2},
}
# a test of its own; a note about two files, which no single one shows
ELSEWHERE = {"mtia-single-rank.json.gz", "flux1-sage-mi300x.json.gz"}
TRUSTED = {
    "qwen1.5-0.5b-h100.json.gz": False,
    "alexnet-cupti-ranges-a100.json.gz": False,
    "vllm-moe-tp8-b200.json.gz": True,
    "transformer-block-h100.json.gz": True,
    "resnet-gpu-only-mi210.json.gz": True,
}


def one(path: Path) -> Diagnosis:
    (found,) = examine([path])
    return found


@pytest.mark.usefixtures("shared_traces_built_once")
@pytest.mark.parametrize("name", NOTED)
def test_findings_agree_with_the_notes(name: str, shared_traces: Path) -> None:
    found = one(shared_traces / name)
    counts = {anomaly.kind: anomaly.count for anomaly in found.anomalies}
    assert counts | NOTED[name] == counts
    if name in TRUSTED:
        assert found.trustworthy is TRUSTED[name], found.doubts
    if name.startswith("flux1"):
        (graph,) = (f for f in found.anomalies if f.kind == "graph_launch")
        assert "up to 993 kernels" in str(graph.example)


def test_each_note_has_its_findings(shared_traces: Path) -> None:
    with (shared_traces / "manifest.csv").open(encoding="utf-8") as file:
        noted = {row["file"] for row in csv.DictReader(file) if row["note"]}
    assert noted <= NOTED.keys() | ELSEWHERE


@pytest.mark.usefixtures("shared_traces_built_once")
def test_the_trace_of_another_accelerator_is_told(shared_traces: Path) -> None:
    found = one(shared_traces / "mtia-single-rank.json.gz")
    counts = {anomaly.kind: anomaly.count for anomaly in found.anomalies}
    assert counts["metadata_heavy"] == 310046
    assert counts["device_events_of_others"] == 25814
    assert not found.trustworthy


def test_environment_is_named_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    env = {"PATH": "/bin", "HOME": "/x", "API_TOKEN": "hunter2"}
    path.write_text(
        json.dumps({"metadata": {"system": {"env": env}, "pid": 4}, "traceEvents": [OP]})
    )
    text = json.dumps(one(path).to_json())
    assert "metadata.system.env" in text
    assert "hunter2" not in text
    assert "API_TOKEN" not in text
    repair(path, tmp_path / "clean.json")
    clean = json.loads((tmp_path / "clean.json").read_text())
    assert clean["metadata"] == {"system": {}, "pid": 4}


OP: dict[str, Any] = {
    "ph": "X",
    "cat": "cpu_op",
    "name": "aten::mm",
    "pid": 1,
    "tid": 1,
    "ts": 1234567890123.456,
    "dur": 7.25,
    "args": {"External id": 1, "other": [1, {"a": None}]},
}


@pytest.mark.parametrize("packed", [False, True])
def test_repair_writes_a_copy_without_faults(packed: bool, tmp_path: Path) -> None:
    good = json.dumps(OP)
    broken = good.replace("aten::mm", "a\x01\\q").replace('"pid"', '"bw": -nan, "pid"')
    text = f'{{"schemaVersion": 1, "traceEvents": [{good}, {broken}, {good[:-9]}, {good}], "x": "C:\\dir"}}'
    path, out = tmp_path / "bad.json", tmp_path / ("good.json.gz" if packed else "good.json")
    path.write_text(text)
    before = read_bytes(path.read_bytes())
    repair(path, out)
    data = gzip.decompress(out.read_bytes()) if packed else out.read_bytes()
    assert json.loads(data)["traceEvents"][0] == OP
    after = read_bytes(out.read_bytes())
    assert after.rows == before.rows
    assert after.rows.total() == 3
    assert before.kinds and not after.kinds
    with pytest.raises(UserError, match="already exists"):
        repair(path, out)


def test_a_cut_trace_is_not_trusted_and_loses_idle(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(json.dumps({"traceEvents": [OP] * 20})[:-300])
    found = one(path)
    assert not found.trustworthy
    assert found.supports is not None
    assert found.supports["gpu_time"] is not None
    assert found.supports["trace_summary"] is None


@pytest.mark.parametrize(("ranks", "is_one"), [(("[TP00]", "[TP01]"), False), (("", ""), True)])
def test_doctor_and_metric_agree_that_merged_ranks_have_no_common_clock(
    ranks: tuple[str, str], is_one: bool, tmp_path: Path
) -> None:
    path = tmp_path / "merged.json"
    # 100 ns each; that they share 50 is chance, if their clocks differ
    events = [
        kernel(ts, 0.1) | {"pid": f"{rank} 0"} for ts, rank in zip((1, 1.05), ranks, strict=True)
    ]
    path.write_text(json.dumps({"traceEvents": events}))
    found = one(path)
    assert found.supports is not None
    with Study(tmp_path / "study.duckdb") as study:
        study.ingest([path])
        (row,) = study.query("gpu_time").iter_rows(named=True)
        (line,) = study.reasons("gpu_time")
    assert row["kernel_ns"] == 200
    if is_one:
        assert found.supports["gpu_time"] is row["idle_refusal"] is None
        assert row["gpu_busy_ns"] == row["gpu_span_ns"] == 150
        assert "the query returns" in line
    else:
        assert found.supports["gpu_time"] == NEEDS["one_clock"].reason
        assert row["gpu_busy_ns"] is row["gpu_span_ns"] is None
        assert line == f"no rows for merged: {NEEDS['one_clock'].reason}"


def test_status_and_json_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps({"traceEvents": [OP]}))
    bad.write_text("nothing")
    assert examine_and_print([good], "table", None) == 0
    assert "shares can be trusted" in capsys.readouterr().out
    assert examine_and_print([good, bad], "json", None) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first["trustworthy"] is True
    assert {anomaly["kind"] for anomaly in first["anomalies"]} >= {"no_shape"}
    assert "the file starts with" in second["error"]


def test_every_need_of_a_query_has_a_reason() -> None:
    answers = [*load_layer("metric"), *load_layer("nsys")]
    needs = {need for answer in answers for need in answer.needs}
    assert needs and needs <= NEEDS.keys()


def test_every_kind_of_anomaly_that_can_be_found_is_described(tmp_path: Path) -> None:
    text = " ".join(
        path.read_text(encoding="utf-8")
        for folder in ("analyze/readers", "queries/staging")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".sql"}
    )
    (kinds,) = (file for file in load_layer("rules") if file.name == "anomaly_kind")
    with connect() as con:
        known = {row[0] for row in con.execute(kinds.statement).fetchall()}
    found = {kind for kind in known if re.search(rf"[\"']{kind}[\"']", text)}
    assert found == known, "a kind that nothing finds"
    named = set(re.findall(r"'(\w+)' AS kind\b", text)) - NOT_ANOMALIES
    named |= set(re.findall(r"(?:note|Fault|Anomaly)\(\s*\"(\w+)\"", text))
    assert named <= known, "a kind without a description"


def test_operators_alone_make_a_kernel_summary_and_one_line_names_what_needs_a_pair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cpu.json"
    denoise = OP | {"cat": "user_annotation", "name": "denoise", "dur": 80}
    ranges = [denoise | {"ts": 100 * step} for step in range(2)]
    inside = OP | {"ts": 110}
    path.write_text(json.dumps({"traceEvents": [inside, *ranges]}))
    found = one(path)
    assert found.supports is not None
    assert found.supports["kernel_summary"] is None
    # a study takes the calls of the range as steps, and the range as a component
    assert found.supports["step_time"] is found.supports["stage_time"] is None
    (tmp_path / "outside.json").write_text(json.dumps({"traceEvents": [OP, *ranges]}))
    outside = one(tmp_path / "outside.json").supports
    assert outside is not None and outside["step_time"] == NEEDS["step"].reason
    assert outside["stage_time"] == NEEDS["component"].reason
    examine_and_print([path], "table", None)
    said = [line for line in capsys.readouterr().out.splitlines() if NEEDS["pair"].reason in line]
    assert len(said) == 1 and "flash_speedup" in said[0]


def test_repair_takes_a_run_folder_and_a_full_disk_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "trace.json").write_text(json.dumps({"traceEvents": [OP]}))
    (run / "manifest.json").write_text("{}")
    out = tmp_path / "clean.json"
    assert examine_and_print([run], "table", out) == 0
    assert json.loads(out.read_text())["traceEvents"] == [OP]
    with pytest.raises(UserError, match="is a folder"):
        examine_and_print([run], "table", tmp_path)
    (run / "second.json").write_text(json.dumps({"traceEvents": [OP]}))
    with pytest.raises(UserError, match="takes one trace, but there are 2"):
        examine_and_print([run], "table", tmp_path / "more.json")
    capsys.readouterr()
