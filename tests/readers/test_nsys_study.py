"""Nsight traces in a study: labels, operators and counters reach the relations that metrics read."""

from pathlib import Path
from typing import Any

import pytest

from genscope.analyze.doctor.examine import examine
from genscope.analyze.study import Study
from genscope.errors import UserError
from tests.readers.nsys_export import call, kernel, nvtx, strings, write_export
from tests.readers.test_ncu import RAW

SITE = "unet.mid_block.attentions.0.transformer_blocks.0.attn2"
ATTENTION = (
    f"attention:kind=cross,site={SITE},query_len=64,kv_len=77,heads=8,kv_heads=8,head_dim=160,"
    "batch=2,dtype=float16,implementation=flash"
)
NAMES = strings("cudaLaunchKernel_v7000", "void gemm<float>(float*)", "flash_fwd_kernel")
LAUNCH = "aten::_scaled_dot_product_flash_attention, op_id = 3, sizes = [[2, 8, 64, 160], [2, 8, 77, 160], [2, 8, 77, 160]]"


def _labelled(path: Path) -> Path:
    """One step of one component: a projection and a flash kernel, launched inside their operators."""
    return write_export(
        path,
        {
            "StringIds": NAMES,
            "NVTX_EVENTS": [
                nvtx(0, 1000, "component:unet, op_id = 1"),
                nvtx(10, 900, "step:4"),
                nvtx(20, 800, f"module:{SITE}|Attention"),
                nvtx(30, 90, "aten::mm, op_id = 2, sizes = [[128, 1280], [1280, 1280]]"),
                nvtx(100, 400, ATTENTION),
                nvtx(110, 390, LAUNCH),
            ],
            "CUPTI_ACTIVITY_KIND_RUNTIME": [
                call(40, 50, correlationId=5),
                call(120, 130, correlationId=6),
            ],
            "CUPTI_ACTIVITY_KIND_KERNEL": [
                kernel(2000, 2300, correlationId=5, demangledName=2),
                kernel(2300, 3000, correlationId=6, demangledName=3),
            ],
        },
    )


def _rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    return study.sql(sql).rows()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path / "study.duckdb")


def test_work_knows_its_operator_component_step_and_attention(study: Study, tmp_path: Path) -> None:
    study.ingest(_labelled(tmp_path / "run.sqlite"))
    with study:
        found = _rows(
            study,
            "SELECT work.dur_ns, op_name, work_op.source, component, step, module, category FROM work "
            "JOIN work_op USING (trace_id, work_id) JOIN work_component USING (trace_id, work_id) "
            "JOIN work_step USING (trace_id, work_id) JOIN work_module USING (trace_id, work_id) "
            "JOIN work_category USING (trace_id, work_id) ORDER BY work.start_ns",
        )
        flash = "aten::_scaled_dot_product_flash_attention"
        assert found == [
            (300, "aten::mm", "nesting", "unet", 4, SITE, "linear"),
            (700, flash, "nesting", "unet", 4, SITE, "attention"),
        ]
        calls = _rows(
            study,
            "SELECT component, step, attention_kind, source, query_len, kv_len, heads, head_dim, "
            "batch, core_ns, module_ns FROM attention_call",
        )
        assert calls == [("unet", 4, "cross", "label", 64, 77, 8, 160, 2, 700, 1000)]
        # 2 * 128 * 1280 * 1280 for the projection, 4 * 2 * 8 * 64 * 77 * 160 for the attention
        flops = _rows(study, "SELECT flops FROM work_cost ORDER BY work_id")
        assert flops == [(419_430_400,), (50_462_720,)]


@pytest.mark.loads_for("counter_match")
def test_counters_find_the_kernels_of_the_timeline(study: Study, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    text = RAW.replace("gemm(float *, int)", "void gemm<float>(float*)")
    metrics.write_text(text.replace("(9, 32, 1)", "(2, 3, 4)").replace("(384, 1, 1)", "(32, 2, 1)"))
    study.ingest([_labelled(tmp_path / "run.sqlite"), metrics])
    with study:
        found = _rows(
            study,
            "SELECT ordinal, kernel.name, source FROM counter_match AS pair JOIN kernel "
            "ON kernel.trace_id = pair.timeline_trace_id AND kernel.kernel_id = pair.kernel_id",
        )
        assert found == [(0, "void gemm<float>(float*)", "name")]


@pytest.mark.loads_for()
def test_a_bad_file_among_good_ones_leaves_nothing(study: Study, tmp_path: Path) -> None:
    good = _labelled(tmp_path / "good.sqlite")
    bad = tmp_path / "bad.sqlite"
    bad.write_bytes(good.read_bytes()[:8192])
    status = [(result.status, result.error) for result in study.ingest([good, bad])]
    assert [state for state, _ in status] == ["loaded", "failed"]
    assert "cut short" in str(status[1][1])
    with study:
        assert _rows(study, "SELECT name FROM trace") == [("good",)]
        assert _rows(study, "SELECT DISTINCT trace_id FROM kernel") == [(1,)]


def test_a_bad_file_alone_makes_no_study(study: Study, tmp_path: Path) -> None:
    bad = tmp_path / "bad.sqlite"
    bad.write_bytes(bytes(4096))
    with pytest.raises(UserError, match="all zeros"):
        study.ingest(bad)
    assert not study.path.exists()
    assert not list(tmp_path.glob("study*"))


@pytest.mark.loads_for("operator_breakdown", "ledger")
def test_shares_of_a_graph_traced_whole_are_refused(study: Study, tmp_path: Path) -> None:
    good = _labelled(tmp_path / "good.sqlite")
    graph = {"start": 10, "end": 90, "deviceId": 0, "streamId": 13, "correlationId": 1}
    graph |= {"globalPid": 7 << 24, "graphId": 4}
    whole = write_export(
        tmp_path / "whole.sqlite",
        {
            "StringIds": NAMES,
            "CUPTI_ACTIVITY_KIND_GRAPH_TRACE": [graph],
            "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(200, 300, demangledName=2)],
        },
    )
    study.ingest([good, whole])
    with study:
        with pytest.raises(
            UserError, match="record again with nsys profile --cuda-graph-trace=node"
        ):
            study.query("operator_breakdown", trace="whole")
        assert set(study.query("operator_breakdown")["trace_id"]) == {1}
        assert set(study.query("ledger")["trace_id"]) == {1, 2}
        assert set(study.query("ledger", trace="whole")["trace_id"]) == {2}


def test_the_doctor_links_kernels_within_their_process(tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "two.sqlite",
        {
            "StringIds": NAMES,
            "NVTX_EVENTS": [nvtx(0, 100, "aten::mm, op_id = 1")],
            "CUPTI_ACTIVITY_KIND_RUNTIME": [call(10, 20)],
            "CUPTI_ACTIVITY_KIND_KERNEL": [kernel(30, 50), kernel(30, 50, globalPid=9 << 24)],
        },
    )
    (diagnosis,) = examine([path])
    assert "unlinked_kernel: 50.0% of kernel time has no launch" in diagnosis.doubts


def test_a_report_and_its_export_in_a_folder_are_one_trace(study: Study, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    _labelled(folder / "run.sqlite")
    for name in ("run.nsys-rep", "metrics.ncu-rep"):
        (folder / name).write_bytes(b"report")
    (folder / "metrics.csv").write_text(RAW)
    found = [(Path(r.path).name, r.status) for r in study.ingest(folder)]
    assert sorted(found) == [("metrics.csv", "loaded"), ("run.sqlite", "loaded")]


@pytest.mark.loads_for("work_op", "gpu_time")
def test_a_call_of_no_length_lies_in_the_operator_that_starts_with_it(
    study: Study, tmp_path: Path
) -> None:
    tables = {
        "StringIds": NAMES,
        "NVTX_EVENTS": [
            nvtx(100, 200, "aten::mm, op_id = 1"),
            nvtx(200, 300, "aten::add, op_id = 2"),
        ],
        "CUPTI_ACTIVITY_KIND_RUNTIME": [
            call(-100, -100, correlationId=4),
            call(100, 100, correlationId=5),
            call(200, 200, correlationId=6),
        ],
        "CUPTI_ACTIVITY_KIND_KERNEL": [
            kernel(-50, -40, correlationId=4, demangledName=2),
            kernel(400, 500, correlationId=5, demangledName=2),
            kernel(500, 500, correlationId=6, demangledName=2),
        ],
    }
    study.ingest(write_export(tmp_path / "run.sqlite", tables))
    with study:
        found = _rows(study, "SELECT work_id, op_name, source FROM work_op ORDER BY work_id")
        assert found == [
            (0, "unattributed", "correlation"),
            (1, "aten::mm", "nesting"),
            (2, "aten::add", "nesting"),
        ]
        assert _rows(study, "SELECT gpu_busy_ns, gpu_span_ns FROM gpu_time") == [(110, 550)]
