"""Patterns spelled out as constants match what they match as a column."""

import duckdb
import pytest

from genscope.analyze.load.rule_patterns import inline_patterns
from genscope.analyze.load.tables import attribution_files, create_schema

NAMES = [
    "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_bf16_64x64_32x6_tn_align8>",
    "flash_fwd_kernel",
    "it's mine",
    "vectorized_elementwise_kernel",
    "ncclDevKernel_AllReduce_Sum_f32_RING_LL",
    "",
]
OPERATORS = ["aten::addmm", "aten::native_layer_norm", "flash_attn::_flash_attn_forward", "it's"]


@pytest.mark.parametrize("name", ["kernel_category", "operator_category"])
def test_the_rows_are_the_same(name: str) -> None:
    (relation,) = (file for file in attribution_files() if file.name == name)
    with duckdb.connect() as con:
        create_schema(con)
        con.execute(
            "INSERT INTO user_kernel_rule VALUES (1, 'it''s m', 'mine'), (2, '_LL$', 'ring')"
        )
        for number, text in enumerate(NAMES):
            work = [2, number, "gpu", 0, 7, 0, 1, text, number, None]
            con.execute("INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", work)
        for number, text in enumerate(OPERATORS):
            con.execute(
                "INSERT INTO cpu_op BY NAME SELECT 2 AS trace_id, ? AS op_id, ? AS name, "
                "0 AS start_ns, 1 AS dur_ns",
                [number, text],
            )
        statement = inline_patterns(con, relation)
        assert statement != relation.statement
        found = con.execute(f"SELECT * FROM ({statement}) ORDER BY ALL").fetchall()
        assert found == con.execute(f"SELECT * FROM ({relation.statement}) ORDER BY ALL").fetchall()
        assert {row[2] for row in found} > {"mine", "ring"} or name == "operator_category"
        assert len(found) > 2
