"""Every rule decides its own example, and none matches a word that only looks like its own."""

import csv
from collections.abc import Iterator

import duckdb
import pytest

from genscope.analyze.load.tables import create_schema
from genscope.analyze.load.user_rules import CATEGORIES
from genscope.analyze.plots.theme import CATEGORY_COLOUR
from tests.conftest import shared_traces_folder

# (kernel, words of the rules that must not decide it): C++ and Triton names are full of such words
LOOKALIKES = {
    "void mine::apply<mine::op::[lambda(int) (instance 1)]>(int, T3)": "optimizer",
    "void mine::run(mine::{lambda(float)#1})": "optimizer",
    "LambdaKernel<mine::Functor>": "optimizer",
    "madam_kernel": "optimizer",
    "prefill_kernel": "fill data_movement",
    "sparse_mla_prefill_kernel": "fill data_movement kv_cache",
    "BatchPrefillWithRaggedKVCacheKernel": "fill kv_cache",
    "mine_kernel<uint4>(uint4*, int4*)": "deep_gemm quantise",
    "void mine::step(int4*, uint4 const*)": "deep_gemm quantise",
    "uint4_kernel": "deep_gemm quantise",
    "void cast<float>(float*, __nv_fp8_interpretation_t)": "resampling",
    "interpretation_kernel": "resampling",
    "mempool_kernel": "resampling",
    "flashinfer::mixed_comm::allgather_kernel": "copy data_movement",
    "flashinfer::mixed_comm::reducescatter_kernel": "copy data_movement reduction",
    "custom_argmax": "custom_all_reduce",
    "custom_argument_kernel": "custom_all_reduce",
    "normal_order_kernel": "normalization random",
    "AirTopPRenormInitKernel": "normalization",
    "quantile_kernel": "quantise",
    "integrate<Quantity>(int)": "quantise",
    "mine<at::TensorIterator, Functor>(at::TensorIterator&)": "elementwise arithmetic",
    "fbgemm_gpu::mine_kernel": "gemm cutlass_gemm",
    "_fbgemm_silu_mul": "gemm matmul",
    "property_kernel": "rotary",
    "procedural_kernel": "rotary",
    "grouped_rope_order": "gemm",
    "routine_kernel": "moe_top_k moe_routing",
    "expertise_kernel": "moe_routing",
    "bilinear_kernel": "matmul",
    "attenuate_kernel": "attention",
    "convert_kernel": "convolution cudnn_direct",
    "converged_kernel": "convolution cudnn_direct",
    "decategorize": "data_movement copy",
    "scaffold_kernel": "data_movement",
    "address_kernel": "arithmetic",
    "resubmit_kernel": "arithmetic",
    "stride_kernel": "arithmetic",
    "downloaded_kernel": "resampling",
    "gemma_rms_scale": "gemm deep_gemm",
    "airplane_kernel": "planning",
    "planar_kernel": "planning",
    "vocab_parallel_ce_forward_kernel": "recurrence",
    "flashlight_kernel": "flash",
    "projection_fwd_kernel": "rendering",
    "ray_trace_kernel": "reduction",
    "sparse_moe_prefill_gather_kernel": "attention",
    "router_kernel": "matmul",
    "discount_kernel": "bookkeeping",
    "arcade_kernel": "arithmetic",
    "upscaled_fp4_kernel": "resampling",
    "packet_kernel": "movement_verb data_movement",
    "dequant_weight_kernel": "operand_quantise",
}
# (operator, rules that must not decide it)
LOOKALIKE_OPERATORS = {
    "aten::normal_": "reduction",
    "aten::minimum": "reduction",
    "aten::maximum": "reduction",
    "aten::anything": "reduction",
    "aten::meander": "reduction",
    "aten::max_unpool2d": "reduction",
    "aten::random_": "allocation",
    "aten::equal": "allocation",
    "aten::allclose": "allocation",
    "aten::_foreach_zero_": "allocation",
    "aten::_conj_physical": "view",
    "aten::real": "view",
    "aten::slow_conv_dilated3d": "linear",
    "aten::convert": "convolution",
    "fbgemm::f8f8bf16_rowwise": "embedding",
    "fbgemm::quantize_fp8_per_row": "embedding",
    "_LayerNormLinear": "normalization linear",
    "_LayerNormMLP": "normalization linear",
    "LigerFusedLinearCrossEntropyFunctionBackward": "reduction linear",
    "LigerRMSNormFunctionBackward": "normalization",
    "GroupNormSiluFunctionBackward": "group_norm",
}
# one name of each way of naming that no trace of ours has
FAMILIES = {
    "transformer_engine::cast_transpose_fused_kernel_notaligned<false, false, float>": "quantization",
    "transformer_engine::userbuffers_fp16_sum_inplace_gpu_rr_rs<8>": "communication",
    "oneShotAllReduceKernel": "communication",
    "one_shot_prenorm_all_reduce_norm_kernel": "communication",
    "transformer_engine::normalization::rmsnorm_fwd_tuned_kernel<Traits>": "normalization",
    "void vllm::cvt_fp16_to_fp4<__nv_bfloat16, false>": "quantization",
    "vllm::act_and_mul_kernel<c10::BFloat16, silu, true>": "elementwise",
    "silu_and_mul_quant_kernel": "elementwise",
    "add_rmsnorm_quant_kernel": "normalization",
    "kDequantizeBlockwise<__nv_bfloat16, 512, 64, 8, 2>": "quantization",
    "kgemm_4bit_inference_naive<__half, 128, 16>": "linear",
    "kOptimizer32bit2State<float, 0>": "elementwise",
    "__myl_MaxrSubExpSumDivMul_0x3ee8b0d0": "softmax",
    "__myl_ReshTranMove_0x3ee8b0d0": "copy",
    "trt_turing_h1688cudnn_128x128_ldg8_relu_exp_small_nhwc_tn_v1": "convolution",
    "sm80_xmma_gemm_f16f16_f16f16_f16_tn_n_tilesize64x64x64": "linear",
    "_gemm_mha_v2_0x2f4b8d": "attention",
    "Relu_GPU_DT_HALF_DT_HALF_kernel": "elementwise",
    "void Eigen::internal::FullReductionKernel<256, 128>": "reduction",
    "void tensorflow::functor::SwapDimension1And2InTensor3UsingTiles<unsigned int, 1024>": "copy",
    "input_add_reduce_fusion_4": "reduction",
    "loop_dynamic_update_slice_fusion": "copy",
    "cupy_multiply__float32_float32_float32": "elementwise",
    "nvfuser_pointwise_f0_c1_r0_g0": "elementwise",
    "miopenSp3AsmConv_v21_1_2_gfx9_fp16_f2x3_stride1": "convolution",
    "_ZN7ck_tile6kentryILi256ELi2ENS_13FmhaFwdKernelI": "attention",
    "_ZN5aiter24add_rmsnorm_quant_kernelIDF16b": "normalization",
    "Cijk_Ailk_Bjlk_HHS_BH_MT64x64x32": "linear",
    "void rocprim::detail::trampoline_kernel<rocprim::detail::wrapped_scan_config<int>>": "other",
    "natten::cuda::fna::FusedNeighborhoodAttentionKernel<float>": "attention",
    "chunk_gated_delta_rule_fwd_kernel_h_blockdim64": "attention",
    "_selective_scan_update_kernel": "other",
    "_rms_layernorm_forward": "normalization",
    "_geglu_tanh_forward_kernel": "elementwise",
    "liger_cross_entropy_kernel": "reduction",
    "void rope_neox<true, false, float>(float const*)": "elementwise",
    "void mul_mat_vec_q<(ggml_type)12, 1>(void const*)": "linear",
    "_gemma_rmsnorm_residual_kernel": "normalization",
    "_flux2_strided_qknorm_rope_kernel": "normalization",
    "chunk_mesa_net_fwd_kernel_h": "attention",
    "mlstm_chunkwise__parallel_fw_H_kernel": "attention",
    "h3_sdpa_f32_wave_d64_qn_kernel<4>": "attention",
    "_ZN5aiter42pa_bf16_pertokenFp8_gqa10_1tg_4w_mtp3_msk1E": "attention",
    "_chunk_scan_fwd_kernel": "other",
    "void preprocessCUDA<3, 16>(int, int, int, float const*)": "other",
    "page_table_from_req_kernel": "other",
    "liger_vocab_parallel_ce_forward_kernel": "reduction",
    "_sparsemax_forward_kernel": "softmax",
    "_moe_bwd_down_proj_kernel": "linear",
    "grouped_expert_gate_up<16, 1>": "linear",
    "_grouped_lora_a_kernel": "linear",
    "hicache_tma_transfer_kernel": "copy",
    "void transform_0213<float>(float*, float const*, int, int, int, int)": "copy",
    "f32_to_f16_kernel": "copy",
    "bitwise_xor_func_scalar": "elementwise",
    "arccosh_kernel": "elementwise",
    "mean_dim_kernel": "reduction",
    "triton_fp8_blockwise_act_quant_transposed_lhs_kernel": "quantization",
}


@pytest.fixture(scope="module")
def rules() -> Iterator[duckdb.DuckDBPyConnection]:
    """The two lists of rules, without a trace."""
    with duckdb.connect() as con:
        create_schema(con)
        yield con


def _first(con: duckdb.DuckDBPyConnection, table: str, name: str) -> tuple[str, str]:
    found = con.execute(
        f"SELECT rule, category FROM {table} WHERE regexp_matches(?, pattern) ORDER BY rule_order LIMIT 1",
        [name],
    ).fetchone()
    return (found[0], found[1]) if found else ("none", "unclassified")


@pytest.mark.parametrize(
    ("table", "names"), [("kernel_rule", LOOKALIKES), ("operator_rule", LOOKALIKE_OPERATORS)]
)
def test_no_rule_matches_a_lookalike(
    rules: duckdb.DuckDBPyConnection, table: str, names: dict[str, str]
) -> None:
    known = {row[0] for row in rules.execute(f"SELECT rule FROM {table}").fetchall()}
    assert set(" ".join(names.values()).split()) <= known, "the table names a rule that is gone"
    matches = f"SELECT rule FROM {table} WHERE regexp_matches(?, pattern)"
    for name, wrong in names.items():
        found = {row[0] for row in rules.execute(matches, [name]).fetchall()}
        assert not found & set(wrong.split()), name


def test_each_way_of_naming_is_known(rules: duckdb.DuckDBPyConnection) -> None:
    decided = {name: _first(rules, "kernel_rule", name)[1] for name in FAMILIES}
    assert decided == FAMILIES


def test_wrappers_are_marked(rules: duckdb.DuckDBPyConnection) -> None:
    found = rules.execute("SELECT rule FROM operator_rule WHERE is_wrapper ORDER BY ALL").fetchall()
    assert [row[0] for row in found] == ["allocation", "autograd", "experts", "fused_layer", "view"]


def test_a_category_has_a_colour_only_if_rules_give_it() -> None:
    assert set(CATEGORY_COLOUR) <= {*CATEGORIES, "unclassified"}


@pytest.mark.parametrize("table", ["kernel_rule", "operator_rule"])
def test_every_rule_decides_its_own_example(rules: duckdb.DuckDBPyConnection, table: str) -> None:
    wrong = rules.execute(
        f"""
        SELECT given.rule, given.example, arg_min(tried.rule, tried.rule_order) AS first
        FROM {table} AS given, {table} AS tried
        WHERE regexp_matches(given.example, tried.pattern)
        GROUP BY ALL HAVING first <> given.rule
        UNION ALL
        SELECT rule, example, NULL FROM {table} WHERE NOT regexp_matches(example, pattern)
        """
    ).fetchall()
    assert not wrong, "(rule, its example, the rule that decides instead)"
    found = rules.execute(f"SELECT category, rule, rule_order FROM {table}").fetchall()
    assert {row[0] for row in found} <= set(CATEGORIES)
    assert len({row[1] for row in found}) == len({row[2] for row in found}) == len(found)


def test_every_attention_word_decides_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    wrong = rules.execute(
        """
        SELECT given.word, given.example, arg_min(tried.word, tried.rule_order) AS first
        FROM attention_word AS given, attention_word AS tried
        WHERE contains(lower(given.example), tried.word)
        GROUP BY ALL HAVING first <> given.word
        """
    ).fetchall()
    assert not wrong


def test_each_call_rule_matches_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    rows = rules.execute("SELECT kind, pattern, example FROM call_rule").fetchall()
    for kind, pattern, example in rows:
        matching = rules.execute(
            "SELECT DISTINCT kind FROM call_rule WHERE regexp_matches(?, pattern)", [example]
        ).fetchall()
        assert matching == [(kind,)], (example, pattern)


def test_tensor_core_rules_decide_what_was_read_off_each_name(
    rules: duckdb.DuckDBPyConnection,
) -> None:
    first = (
        "SELECT rule, tensor_core FROM tensor_core_rule WHERE regexp_matches(?, pattern) "
        "ORDER BY rule_order LIMIT 1"
    )
    for rule, used, example in rules.execute(
        "SELECT rule, tensor_core, example FROM tensor_core_rule"
    ).fetchall():
        assert rules.execute(first, [example]).fetchone() == (rule, used)
    traces = shared_traces_folder()
    figures = traces.parent / "reference" / "tensor_core_names.csv" if traces else None
    if figures is None or not figures.is_file():
        return
    with figures.open(newline="") as file:
        for row in csv.DictReader(file):
            found = rules.execute(first, [row["kernel_name_140"]]).fetchone()
            # a name that was cut off may have lost the word that decides
            if len(row["kernel_name_140"]) < 140:
                assert (found[1] if found else "unknown") == row["tensor_core"], row


@pytest.mark.parametrize("table", ["collective_rule", "gpu_counter_rule", "label_rule"])
def test_each_rule_decides_its_own_example(table: str, rules: duckdb.DuckDBPyConnection) -> None:
    listed = rules.execute(f"SELECT rule_order, example FROM {table}").fetchall()
    first = f"SELECT min(rule_order) FROM {table} WHERE regexp_matches(?, pattern)"
    for order, example in listed:
        assert rules.execute(first, [example]).fetchone() == (order,), example


def test_each_layout_rule_matches_only_its_own_example(rules: duckdb.DuckDBPyConnection) -> None:
    rows = rules.execute("SELECT rule, pattern, example FROM layout_rule").fetchall()
    for rule, _, example in rows:
        matching = rules.execute(
            "SELECT rule FROM layout_rule WHERE regexp_matches(?, pattern)", [example]
        ).fetchall()
        assert matching == [(rule,)]
    # a transpose that a program asked for does not convert around a convolution
    for other in (
        "transpose_kernel",
        "my_batched_transpose_8x8",
        "void at::native::CatArrayBatched",
    ):
        assert not rules.execute(
            "SELECT rule FROM layout_rule WHERE regexp_matches(?, pattern)", [other]
        ).fetchall()


def test_every_kind_of_opportunity_shares_with_known_ones(rules: duckdb.DuckDBPyConnection) -> None:
    unknown = rules.execute(
        "SELECT other FROM (SELECT unnest(string_split(shared_with, ', ')) AS other "
        "FROM opportunity_kind) ANTI JOIN opportunity_kind ON other = kind"
    ).fetchall()
    assert not unknown
