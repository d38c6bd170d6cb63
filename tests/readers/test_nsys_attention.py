"""Nsight traces that hold shapes: attention, lengths, FLOPs and counters, from the files to the answers."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genscope.analyze.study import Study
from genscope.capture.profilers.ncu import METRICS
from tests.readers.nsys_export import call, kernel, nvtx, strings, write_export

HEADER = ("ID", "Process ID", "Process Name", "Host Name", "Kernel Name", "Context", "Stream")
HEADER += ("Block Size", "Grid Size", "Device", "CC")
FLASH = "aten::_scaled_dot_product_flash_attention"
# operator, shapes, kernel, ns: flash self and cross attention, one unfused call of 16 heads, a projection
UNLABELLED = (
    (FLASH, [[2, 8, 4096, 40]] * 3, "flash_fwd_kernel", 700),
    (FLASH, [[2, 8, 4096, 40], [2, 8, 77, 40], [2, 8, 77, 40]], "flash_fwd_kernel", 100),
    ("aten::bmm", [[16, 1024, 40], [16, 40, 1024]], "gemm_qk", 50),
    ("aten::_softmax", [[16, 1024, 1024], [], []], "softmax_warp_forward", 30),
    ("aten::bmm", [[16, 1024, 1024], [16, 1024, 40]], "gemm_pv", 60),
    ("aten::mm", [[8192, 320], [320, 320]], "gemm_projection", 200),
)


def _about(number: int, name: str, grid: int) -> list[str]:
    where = ["7", "python", "127.0.0.1", name, "1", "7", "(32, 2, 1)", f"({grid}, 3, 4)"]
    return [str(number), *where, "0", "9.0"]


def _unlabelled(path: Path, *, shapes: bool = True) -> Path:
    """Operators one after the other as emit_nvtx writes them, each with one kernel, and no label."""
    names = ["cudaLaunchKernel_v7000", *(row[2] for row in UNLABELLED)]
    tables: dict[str, list[dict[str, Any]]] = {"StringIds": strings(*names)}
    at_ns = 10_000
    for number, (op, sizes, _, dur_ns) in enumerate(UNLABELLED, start=1):
        text = f"{op}, op_id = {number}" + f", sizes = {sizes}" * shapes
        begin = 100 * number
        rows = {
            "NVTX_EVENTS": nvtx(begin, begin + 80, text),
            "CUPTI_ACTIVITY_KIND_RUNTIME": call(begin + 10, begin + 20, correlationId=number),
            "CUPTI_ACTIVITY_KIND_KERNEL": kernel(
                at_ns, at_ns + dur_ns, correlationId=number, demangledName=number + 1, gridX=number
            ),
        }
        for table, row in rows.items():
            tables.setdefault(table, []).append(row)
        at_ns += dur_ns
    return write_export(path, tables)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path / "study.duckdb")


def test_attention_is_found_in_an_export_with_shapes_and_no_label(
    study: Study, tmp_path: Path
) -> None:
    study.ingest(_unlabelled(tmp_path / "run.sqlite"))
    with study:
        split = study.query("attention_split").select(
            "attention_kind", "source", "call_count", "query_len_max", "kv_len_min", "core_ns"
        )
        assert set(split.rows()) == {
            ("self", "shape", 2, 4096, 1024, 840),
            ("cross", "shape", 1, 4096, 77, 100),
        }
        profile = study.query("sequence_length_profile").select(
            "query_len", "kv_len", "head_dim", "implementation", "core_ns"
        )
        assert profile.rows() == [
            (4096, 4096, 40, "flash", 700),
            (4096, 77, 40, "flash", 100),
            (1024, 1024, 40, "unfused", 140),
        ]
        # 2 * 2 * batch * heads * query * key * size of a head, and 2 * 8192 * 320 * 320
        flops = dict(study.query("roofline").select("category", "flops").rows())
        attention = 4 * 16 * 40 * (4096 * 4096 + 4096 * 77 + 1024 * 1024)
        assert flops == {
            "attention": attention,
            "linear": 2 * 8192 * 320 * 320,
            "all": attention + 2 * 8192 * 320 * 320,
        }


def test_attention_without_shapes_has_time_and_no_lengths(study: Study, tmp_path: Path) -> None:
    study.ingest(_unlabelled(tmp_path / "run.sqlite", shapes=False))
    with study:
        split = study.query("attention_split").select("attention_kind", "query_len_max", "core_ns")
        assert split.rows() == [("unattributed", None, 940)]
        assert study.query("prefill_decode")["phase"].unique().to_list() == ["unknown"]
        cost = study.query("ledger").filter(pl.col("question") == "cost")
        assert cost.select("answered", "answer", "work_frac").rows() == [(False, "unknown", 1.0)]


def test_counters_reach_the_classes_of_the_timeline(study: Study, tmp_path: Path) -> None:
    """What capture asks Nsight Compute for, on two kernels of six, in cache_hit and roofline."""
    values = {
        "l1tex__t_sector_hit_rate.pct": ("%", 25, 50),
        "l1tex__t_sectors.sum": ("sector", 100, 100),
        "lts__t_sector_hit_rate.pct": ("%", 80, 40),
        "lts__t_sectors.sum": ("sector", 100, 100),
        "dram__bytes.sum": ("Kbyte", 4, 1),
    }
    columns = [values.get(metric, ("", 1, 1)) for metric in METRICS]
    lines = [
        [*HEADER, *METRICS],
        [""] * len(HEADER) + [unit for unit, _, _ in columns],
        [*_about(0, "flash_fwd_kernel", 1), *(str(first) for _, first, _ in columns)],
        [*_about(1, "gemm_projection", 6), *(str(second) for _, _, second in columns)],
    ]
    metrics = tmp_path / "metrics.csv"
    metrics.write_text("\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n")
    study.ingest([_unlabelled(tmp_path / "run.sqlite"), metrics])
    with study:
        hits = study.query("cache_hit").select(
            "timeline_trace_id", "category", "attention_kind", "l1_hit_frac", "l2_hit_frac"
        )
        assert set(hits.rows()) == {
            (1, "attention", "self", 0.25, 0.8),
            (1, "linear", "none", 0.5, 0.4),
        }
        points = study.query("roofline")
        bytes_ = points.filter(points["scope"] == "profile").select(
            "category", "dram_bytes", "counted_frac", "dram_intensity"
        )
        attention, linear = 4 * 16 * 40 * 4096 * 4096, 2 * 8192 * 320 * 320
        assert set(bytes_.rows()) == {
            ("attention", 4000, 700 / 940, attention / 4000),
            ("linear", 1000, 1.0, linear / 1000),
            ("all", 5000, 900 / 1140, (attention + linear) / 5000),
        }
