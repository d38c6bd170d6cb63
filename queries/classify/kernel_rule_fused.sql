-- kernel_rule_fused: rules for attention, communication and generated kernels.
--
-- Why:     a generated kernel's name lists all operators it came from, attention among them, so these
--          rules stand first. Casts ahead of quantised attention are no attention.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  the first rule that matches decides
--   rule        short name of the rule
--   pattern     regular expression (RE2) found anywhere in the kernel's name
--   category    see work_class
--   example     a real kernel name that this rule must classify
SELECT
  rule_order,
  rule,
  pattern,
  category,
  example
FROM (
  VALUES
  -- noqa: disable=LT05
  (101, 'nccl_family', 'communication',
    '(?i)nccl(dev)?kernel|ncclsymk|rcclgeneric|rccl_kernel|mscclkernel|hccl|ncclDevFunc|AllReduce_RING',
    'ncclKernel_SendRecv_RING_SIMPLE_Sum_int8_t(ncclWorkElem)'),
  (102, 'deep_ep', 'communication',
    'deep_ep::|dpsk::ep::|(intra|inter)node::(dispatch|combine)',
    'void deep_ep::intranode::dispatch<8, 768, 8192>(int4*, float*, int*, long*, float*)'),
  (103, 'custom_all_reduce', 'communication',
    'cross_device_reduce|multimem_(all_)?(reduce|gather|one_shot)|(one|two)_shot_(all_)?reduce|quickreduce|custom_ar|allreduce_(fusion|twoshot|oneshot)|all_?reduce_kernel',
    'void (anonymous namespace)::multimem_all_reduce_kernel<c10::BFloat16, 16>(c10::BFloat16*, unsigned long, unsigned int**, unsigned long, unsigned long)'),
  (104, 'nvshmem', 'communication',
    '(?i)nvshmem|rocshmem|symm_mem|all_?to_?all_?(v_)?kernel|reduce_scatter',
    'void nvshmemi_transfer_amo_nonfetch<long, true>(void*, long, int, nvshmemi_amo_t)'),
  (105, 'inductor_flex', 'attention',
    '^triton_tem_fused_.*(flex_attention|flex_decoding|sdpa|scaled_dot)',
    'triton_tem_fused_flex_attention_0'),
  (106, 'inductor_convolution', 'convolution',
    '^triton_tem_fused_.*conv',
    'triton_tem_fused_convolution_3'),
  (107, 'inductor_matmul', 'linear',
    '^triton_(tem|mm|bmm)_',
    'triton_tem_fused_addmm_relu_7'),
  (108, 'inductor_softmax', 'softmax',
    '^(triton_(red|per)|cpp)_fused_.*softmax',
    'triton_red_fused__softmax_2'),
  (109, 'inductor_group_norm', 'group_norm',
    '^(triton_(red|per)|cpp)_fused_.*group_norm',
    'triton_red_fused_native_group_norm_5'),
  (110, 'inductor_normalization', 'normalization',
    '^(triton_(red|per)|cpp)_fused_.*(norm|var_mean|rsqrt|batch_norm)',
    'triton_red_fused__unsafe_view_add_mean_mul_pow_rsqrt_1'),
  (111, 'inductor_reduction', 'reduction',
    '^(triton_(red|per|spl))_',
    'triton_per_fused__to_copy_addmm_mean_pow_view_7'),
  (112, 'inductor_pointwise', 'elementwise',
    '^(triton_(poi|for|unk)|cpp)_',
    'triton_poi_fused_add_addmm_cat_mul_slice_split_unsqueeze_view_28'),
  (113, 'kv_cache', 'copy',
    'reshape_and_cache|store_kvcache|concat_and_cache|copy_blocks|copy_page|kv_indices|append_paged_kv|set_kv_buffer|alloc_(extend|decode)',
    '_fused_qk_rope_reshape_and_cache_kernel'),
  (114, 'rotary', 'elementwise',
    '(?i)rotary|rope(_|store|kernel)|qk_?rope',
    'void (anonymous namespace)::fused_rope_store_kernel<true, 128l, true, __nv_bfloat16, long, 16u>((anonymous namespace)::FusedRopeStoreParams)'),
  (115, 'attention_norm', 'normalization',
    '(?i)qk_?norm|flashinfer.?norm',
    'void (anonymous namespace)::fused_qknorm_warp<128l, true, __nv_bfloat16>((anonymous namespace)::QKNormParams)'),
  (116, 'attention_helper', 'attention',
    '(?i)(flash_(fwd|bwd)|fmha|attn|mla|paged_attention|unified_attention).*(combine|reduce|convert_d[qkv]|dot_do_o|preprocess|postprocess|prepare|segments)|FlashAttnFwdCombine|FlashAttnBwd(Pre|Post)process|^reduce_segments$|merge_attn_states',
    'reduce_segments'),
  (117, 'fa4', 'attention',
    'flash_attn_?cute|FlashAttentionForwardSm',
    'kernel_cutlass_kernel_flash_attncuteflash_fwd_sm100FlashAttentionForwardSm100_object_at__tensor0000o11101213_0'),
  (118, 'sage_prepare', 'elementwise',
    '(?i)sage.*quant|quant.*sage|smooth_k',
    'sage_quant_kernel'),
  (119, 'flash', 'attention',
    'flash_(fwd|bwd)|FlashAttn|flash::|flash_attn|_flash_attention|flashattention',
    'void flash::flash_fwd_kernel<Flash_fwd_kernel_traits<128, 128, 64, 4, false, false, cutlass::bfloat16_t>, false, false, false, false, true, true, false>(flash::Flash_fwd_params)'),
  (120, 'cutlass_attention', 'attention',
    'PyTorchMemEffAttention|fmha_cutlass|AttentionBackwardKernel',
    'fmha_cutlassF_f32_aligned_64x64_rf_sm80(PyTorchMemEffAttention::AttentionKernel<float, cutlass::arch::Sm80, true, 64, 64, 64, true, true>::Params)'),
  (121, 'fmha', 'attention',
    '(?i)fmha(_|fwd|bwd|sm|s[mt]|v[0-9]|kernel)',
    'fmhaSm100aKernel_QkvE4m3OBfloat16H64PagedKvCausalP16VarSeqQ128Kv128PersistentContext'),
  (122, 'cudnn_attention', 'attention',
    'cudnn_generated_.*sdpa|cudnn.*flash_(f|b)prop',
    'cudnn_generated_fort_native_sdpa_sm90_flash_fprop_wgmma_f16_knob_7_64x128x128_4x1x1_kernel0_0'),
  (123, 'sage', 'attention',
    '(?i)sage_?(fwd|attn)|qk_int_?8?_?sv',
    'sage_fwd'),
  (124, 'decode_attention', 'attention',
    'paged_attention_|unified_attention_?[23]?d?|xqa|(Batch|Single)(Prefill|Decode)With|mla_(decode|fwd|a8w8)|_fwd_grouped_kernel_stage|_fwd_kernel_stage',
    'kernel_unified_attention_2d'),
  (125, 'triton_attention', 'attention',
    '^_?attn_(fwd|bwd)|^_(fwd|bwd)_kernel(_d[qkv]+)?$|_attention_(fwd|bwd|kernel)|^attention_kernel|flex_attention|context_attention',
    'attn_fwd')
) AS rules (rule_order, rule, category, pattern, example)
