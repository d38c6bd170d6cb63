-- operator_rule: the category of an operator, by its name.
--
-- Why:     a kernel's name often fits several operators, so the operator that launched it decides
--          first. Operators that combine several steps, such as a compiled region or a layer of
--          Transformer Engine, have no rule on purpose. Wrappers compute nothing themselves, so
--          they only decide on their own time: what they launch is known by its name. A layer of
--          experts also decides on kernels that no rule knows: most of its time is products.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  the first rule that matches decides
--   rule        short name of the rule
--   pattern     regular expression (RE2) found anywhere in the operator's name
--   category    see work_category
--   is_wrapper  true if the rule doesn't decide on the kernels that the operator launches
--   example     a real operator name that this rule must classify
SELECT
  rule_order,
  rule,
  pattern,
  category,
  rule IN ('fused_layer', 'experts', 'view', 'allocation', 'autograd', 'recurrent_layer')
    AS is_wrapper,
  example
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (0, 'operand_quantise', '^(sageattention\w*|sageattn\w*|sage|flash_attn\w*)::(\w*_)?quant(i[sz]e)?(_|$)', 'quantization',
    'sageattention_fused::quant_per_block_int8'),
  (1, 'communication', '^(nccl|c10d|gloo|mpi|ucc|hccl|rccl|_?c10d_functional|_?c10d_functional_autograd|symm_mem)::?|^record_param_comms$|^([^a]|a[^t])\w*::.*(all_?(reduce|gather|to_?all)|reduce_?scatter)', 'communication',
    'record_param_comms'),
  (2, 'attention', '^aten::(_?scaled_dot_product_|_flash_attention_|_efficient_attention_|_cudnn_attention_|_fused_sdp_choice|_triton_scaled)', 'attention',
    'aten::_scaled_dot_product_flash_attention'),
  (3, 'cache', '^_C_cache_ops::|reshape_and_cache|^fbgemm::\w*(qkv|kv)_?\w*cache|::(\w*append_paged_(\w+_)?kv|store_(kv|cache)|set_kv|concat_and_cache|concat_mla\w*|transfer_kv\w*|\w*_kv_buffer|unified_\w*cache_update)', 'copy',
    '_C_cache_ops::reshape_and_cache_flash'),
  (4, 'planning', '^([^a]|a[^t])\w*::(\w*_)?((metadata|plan|schedule)(_|$)|(mm_data|problem_sizes\w*)$)', 'other',
    'aiter::get_mla_metadata_v1'),
  (5, 'attention_package', '^(flash_attn|flash_attn_[0-9]|_?vllm_fa[0-9]?_C|xformers_flash[0-9]?|sageattention|natten|fa4|_flash_attn_fwd)::|^vllm::unified_(attention|mla)|^([^a]|a[^t])\w*::\w*((flash|paged|sparse|varlen|efficient|neighborhood)_(attn|attention|mla)|scaled_dot_product|mla_(decode|prefill|fwd|swa)|merge_(attn_)?states?(_v[0-9])?$|(linear|gdn|fusion|infer|paged)_attention|(^|_)?(sdpa|pa)_(fwd|bwd|decode|recomp)|(batch|single)_(prefill|decode)_|(paged|ragged)_run|mla_custom_op|m[hl]a_with_cache|norm_rope_attn|delta_rule|(gdn|kda|gla)_(chunk|decode|prefill|fwd))|^(aiter|sgl_kernel|flashinfer|sglang|fbgemm|trtllm|mslk|xformers|unsloth)::.*(fmha|mha_|attn|attention|sage)|flex_attention|^sgl_kernel::(varlen_)?fwd$', 'attention',
    'vllm::unified_attention_with_output'),
  (6, 'fused_layer', '(?i)norm_?\w*(linear|mlp|gemm|matmul)|(linear|mlp)_?\w*norm', 'other',
    '_LayerNormLinear'),
  (7, 'convolution', '::(\w*_)?(convolution|q?conv[123]d|qconv_pointwise|conv_(transpose|depthwise|dilated|tbc)|convrelu|depthwise_conv)|^ConvolutionBackward|causal_conv1d', 'convolution',
    'aten::cudnn_convolution'),
  (8, 'group_norm', '(?i)::\w*group_?norm', 'group_norm',
    'aten::native_group_norm'),
  (9, 'normalization', '(?i)::\w*(layer|batch|instance|rms|qk)_?norm|::\w*(norm_(scale_shift|modulate|rope)|rope_norm|rms_(gated_)?(mx|nv)?fp[48]_\w*quant)|^aten::(local_response_norm|renorm|_weight_norm)', 'normalization',
    'aten::native_layer_norm'),
  (10, 'linear_attention_gate', '^([^a]|a[^t])\w*::(\w*_)?(gdn|kda|gla)_gat(e|ing)(_|$)', 'elementwise',
    'vllm::fused_gdn_gating'),
  (11, 'moe_routing', '^([^a]|a[^t])\w*::(\w*(gating|top_?k|moe_(align|sorting|permute|fused_gate)|moe_init|noaux_tc|routing|router$|sampling|hadamard|penalt(y|ies)|build_tree)|prepare_moe\w*)', 'other',
    '_moe_C::topk_softmax'),
  (12, 'softmax', '^aten::(_|_safe_|_masked_|_log_|log_|special_|special_log_|_sparse_|_sparse_log_)?softmax|^([^a]|a[^t])\w*::_?(online_)?softmax(_fwd|_bwd|_out|$)', 'softmax',
    'aten::_softmax'),
  (13, 'linear', '^aten::((_|_foreach_)?(add)?(mm|bmm|mv)(_activation|_dtype|_out)?_?|baddbmm_?|addbmm_?|addr_?|linear|linear_backward|matmul|dot|vdot|einsum|bilinear|chain_matmul|mkldnn_linear|_mkl_linear|_(scaled|int|grouped)_mm|_scaled_mm_v2|_scaled_grouped_mm(_v2)?|_weight_int[48]pack_mm(_for_cpu)?|_dyn_quant_matmul_\w+|_cslt_sparse_mm|_sparse_semi_structured_(linear|mm|addmm)|sparse_sampled_addmm|_?sparse_(mm|addmm|sparse_matmul)|linalg_(matmul|multi_dot|vecdot)|_mixed_dtypes_linear|inner|outer|ger|tensordot)$', 'linear',
    'aten::addmm'),
  (14, 'mm_dequantise', '^([^a]|a[^t])\w*::(\w*_)?mm_dequant(_|$)', 'quantization',
    'bitsandbytes::int8_mm_dequant'),
  (15, 'experts', '^([^a]|a[^t])\w*::(\w*_)?(fused_(experts|moe)\w*|f?moe(_forward\w*|_stage[12]\w*|_g1u1\w*|_runner|_fused|$))', 'linear',
    'vllm::moe_forward'),
  (16, 'linear_package', '^([^a]|a[^t])\w*::((\w*_)?(gemm|gemv|(b|g|add|sp|scaled_)?mm|matmul|mul_mat|wvSplitK\w*|LLMM1|sddmm|linear(_simple)?|lora_(shrink|expand)|fc[12]|out_proj|lm_head)(_|\b)|swizzle_mm)|^(_C|_moe_C|sgl_kernel|aiter|vllm|sglang|fbgemm|flashinfer|mslk|trtllm|quark|quantized|torchao|bitsandbytes|mkldnn|onednn|deep_gemm|llama)::(\w*((^|[^p])gemm|gemv|scaled_mm|_linear|matmul)|q?linear|(f8f8|f8i4|f4f4|bf16(bf16|i4|f8|x[0-9])|i8i8|mx8mx8)\w*)', 'linear',
    '_C::cutlass_scaled_mm'),
  (17, 'embedding', '^aten::(_?embedding|index_select$)|^quantized::embedding|^([^a]|a[^t])\w*::embedding(_bag|_out)?$|^fbgemm::(\w*embedding|\w*embs|permute_|recat|bounds_check|asynchronous|offsets_range|\w*jagged|\w*lengths|segment_|histogram_binning|keyed_|block_bucketize|new_unified|linearize|lxu_|lru_|lfu_)|^fb::(asynchronous|offsets_range)|CppNode<(SplitLookup|fbgemm)', 'embedding',
    'aten::embedding'),
  (18, 'resampling', '^aten::(_?upsample_|_?(adaptive_)?(avg|max)_(un)?pool|mkldnn_(max|adaptive|avg)|quantized_max_pool|interpolate|_?(cudnn_)?grid_sampler|cudnn_affine_grid|pixel_(un)?shuffle|(native_)?channel_shuffle|col2im|im2col|affine_grid|fractional_)|^torchvision::\w*roi_', 'resampling',
    'aten::upsample_nearest2d'),
  (19, 'reduction', '^aten::_?(sum|sum_to_size|nansum|mean|nanmean|a?max|a?min|aminmax|argmax|argmin|prod|var|std|var_mean|std_mean|norm|linalg_vector_norm|linalg_norm|linalg_matrix_norm|frobenius_norm|any|all|equal|allclose|(special_)?logsumexp|count_nonzero|median|nanmedian|foreach_norm|foreach_max|nll_loss(2d|_nd)?|cross_entropy_loss|((cudnn|miopen)_)?ctc_loss|\w*margin_loss|is_(any|all)_true|p?dist|cdist|segment_reduce|trace|amp_foreach_non_finite_check_and_unscale)(_forward|_backward)?_?$|::moe_(sum|unpermute)|^([^a]|a[^t])\w*::(\w*cross_entropy|segment_(sum|mean|min|max)\w*|_?grouped_sum)|^_grad_sum_to_size$', 'reduction',
    'aten::linalg_vector_norm'),
  (20, 'copy', '^aten::(copy_|_to_copy|to|type_as|clone|contiguous|_?cat|concat|_?stack|_foreach_(copy|zero)_?|fill_?|zero_?|zeros|ones|full|full_like|zeros_like|ones_like|repeat|repeat_interleave|to_mkldnn|roll|flip|rot90|constant_pad_nd|_pad_\w+|pad|reflection_pad\w+|replication_pad\w+|masked_select|tile|_local_scalar_dense|item|tri[lu]_?|tri[lu]_indices|diag|diag_embed|block_diag|to_dense|to_padded_tensor|_jagged_to_padded_dense_forward|_padded_dense_to_jagged_forward|slice_scatter|select_scatter|(slice|select|diagonal|unfold)_backward|_reshape_copy|_copy_from|pin_memory|_pin_memory|new_(zeros|ones|full)|lift_fresh|is_nonzero|\w+_copy)$|^quantized::cat|^([^a]|a[^t])\w*::((\w*_)?permute_cols|(\w*_)?(format|dtype)_cast|(\w*_)?(gather|scatter)_(csr|coo|sum|mean|min|max|nd\w*)_?)$', 'copy',
    'aten::copy_'),
  (21, 'elementwise', '^aten::_?(add|sub|rsub|mul|div|divide|true_divide|floor_divide|remainder|fmod|neg|abs|sign|sgn|exp|exp2|expm1|log|log2|log10|log1p|logit|sqrt|rsqrt|square|pow|float_power|reciprocal|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|sinc|erf|erfc|erfinv|sigmoid|log_sigmoid|hardsigmoid|hardswish|hardtanh|hardshrink|softshrink|softplus|mish|silu|gelu|relu|relu6|leaky_relu|prelu|prelu_kernel|rrelu(_with_noise)?|elu|celu|selu|glu|threshold|clamp|clamp_min|clamp_max|clip|where|lerp|minimum|maximum|fmin|fmax|eq|ne|gt|ge|lt|le|isnan|is(pos|neg)?inf|isfinite|deg2rad|rad2deg|polygamma|binomial|nan_to_num|logical_(and|or|not|xor)|bitwise_\w+|__\w+__|masked_fill|masked_scatter|masked_scale|addcmul|addcdiv|ceil|floor|round|trunc|frac|heaviside|copysign|ldexp|hypot|polar|complex|angle|real|imag|conj_physical|dropout|native_dropout|feature_dropout|alpha_dropout|bernoulli|normal|random|uniform|cauchy|log_normal|geometric|poisson|randn|rand|randint|randperm|exponential|arange|range|linspace|logspace|eye|one_hot|mse_loss|l1_loss|smooth_l1_loss|huber_loss|binary_cross_entropy\w*|kl_div|sigmoid_focal_loss|transform_bias_rescale_qkv|foreach_\w+|fused_(adam|adamw|sgd|adagrad|dropout)|isclose|logaddexp2?|nextafter|gcd|lcm|igammac?|signbit|standard_gamma(_grad)?|(sample_)?dirichlet(_grad)?|philox_\w+|lgamma|digamma|i0|special_\w+|amp_update_scale)(_like|_forward|_backward|_backward_data|_functional|_jvp|_)*$|(?i)^apex::.*adam|^quantized::(add|mul|sub|div)\w*$|^aten::_thnn_fused_(lstm|gru)_cell(_backward)?$', 'elementwise',
    'aten::mul'),
  (22, 'elementwise_package', '^(_C|sgl_kernel|aiter|vllm|flashinfer)::.*activation|^([^a]|a[^t])\w*::\w*(rotary|rope(_|$)|silu|gelu|swiglu|and_mul|modulate|scale_shift|optimizer_update)', 'elementwise',
    '_C::rotary_embedding'),
  (23, 'norm_package', '^(_C|sgl_kernel|aiter|vllm|flashinfer)::.*norm|^([^a]|a[^t])\w*::\w*(rms|layer|qk|batch|group)_?norm', 'normalization',
    'sgl_kernel::fused_add_norm'),
  (24, 'quantization', '^(_C|_moe_C|sgl_kernel|aiter|vllm|sglang|fbgemm|flashinfer|mslk|trtllm|quark|quantized|torchao|bitsandbytes|mkldnn|onednn|deep_gemm|llama|quantized_decomposed|modelopt|transformer_engine|tex)::\w*(quant|cvt_fp|_to_fp8|_to_fp4)|^([^a]|a[^t])\w*::(\w*_)?((de)?quant(i[sz]e)?(_|$)|\w*Quantized$|choose_qparams|scale_and_cast|to_(mx|nv)?fp[48])|^aten::(fake_quantize_|_fake_quantize_|quantize_per_|dequantize|_make_per_(tensor|channel)_quantized|_fused_moving_avg_obs_fq)', 'quantization',
    '_C::static_scaled_fp8_quant'),
  (25, 'generated_softmax', '^triton_(red|per)_fused_.*softmax', 'softmax',
    'triton_per_fused__softmax_4'),
  (26, 'generated_group_norm', '^triton_(red|per)_fused_.*group_norm', 'group_norm',
    'triton_red_fused_native_group_norm_1'),
  (27, 'generated_normalization', '^triton_(red|per)_fused_.*((layer|batch|instance|rms)_norm|var_mean|rsqrt|mean_(\w+_)?pow_)', 'normalization',
    'triton_red_fused_add_native_layer_norm_0'),
  (28, 'generated_reduction', '^triton_(red|per)_', 'reduction',
    'triton_per_fused_mean_24'),
  (29, 'generated_copy', '^triton_poi_fused_((_?to_copy|clone|cat|constant_pad_nd|view|_unsafe_view|permute|transpose|t|slice|select|split|split_with_sizes|squeeze|unsqueeze|expand|repeat|index|full|zeros|addmm|mm|bmm)_)+[0-9]*$', 'copy',
    'triton_poi_fused_clone_10'),
  (30, 'generated_embedding', '^triton_poi_fused_(embedding|embedding_dense_backward)_((view|squeeze|unsqueeze|sum|clone|transpose)_)*[0-9]*$', 'embedding',
    'triton_poi_fused_embedding_1'),
  (31, 'generated', '^triton_(poi|for)_', 'elementwise',
    'triton_poi_fused_add_cos_sin_0'),
  (32, 'search', '^aten::(sort|topk|argsort|multinomial|kthvalue|nonzero|nonzero_(numpy|static)|argwhere|unique\w*|_unique\w*|cumsum|cumprod|cummax|cummin|_cummax_helper|_cummin_helper|_cumsum|_cumprod|logcumsumexp|_logcumsumexp|searchsorted|bucketize|bincount|histc|mode|msort|_convert_indices\w+|_linalg_\w+|linalg_\w+|_?cholesky\w*|geqrf|ormqr|lu_unpack|triangular_solve|_histogram\w*|_?to_sparse\w*|fft_\w+|_fft_\w+|stft|istft)_?$|^torchvision::nms|^torch_cluster::(knn|fps|radius|nearest|graclus|grid|random_walk)|^torch_sparse::(ind2ptr|ptr2ind|\w*sample|\w*walk)|^([^a]|a[^t])\w*::\w*selective_(state|scan)', 'other',
    'aten::topk'),
  (33, 'view', '^aten::(_?reshape_alias|view|_unsafe_view|view_as|view_as_real|view_as_complex|reshape|permute|transpose_?|t|t_|swapaxes|movedim|expand|expand_as|broadcast_to|as_strided_?|_reshape_alias|slice|select|narrow|unsqueeze_?|squeeze_?|unbind|split|split_with_sizes|chunk|tensor_split|unfold|flatten|unflatten|detach_?|alias|diagonal|numpy_T|mT|mH|resolve_conj|resolve_neg|set_|resize_|resize_as_|result_type|is_same_size|rename|meshgrid|lift|sym_size|size|stride|unsafe_split\w*|unsafe_chunk|data|_conj|conj|ravel)$|^detach_?$', 'other',
    'aten::as_strided'),
  (34, 'allocation', '^aten::(empty|empty_like|empty_strided|empty_permuted|_empty_affine_quantized|new_empty|new_empty_strided|scalar_tensor|tensor|_efficientzerotensor|record_stream|_has_compatible_shallow_copy_type|seed|is_pinned|_assert_async|_version|requires_grad_|retain_grad|output_nr|_nested_\w+|_make_dual)$', 'other',
    'aten::empty'),
  (35, 'autograd', '^autograd::engine::evaluate_function|^torch::autograd::(AccumulateGrad|GraphRoot|CopyBackwards|CppNode)|Backward[0-9]*$|^Optimizer\.|^<(back|for)ward op>$', 'other',
    'autograd::engine::evaluate_function: AddmmBackward0'),
  (36, 'gather', '^aten::(index|index_put_?|_index_put_impl_|_unsafe_index|_unsafe_index_put|index_copy_?|index_fill_?|index_add_?|index_reduce_?|index_backward|gather|gather_backward|scatter_?|scatter_add_?|scatter_reduce_?|take|take_along_dim|put_?)$', 'copy',
    'aten::gather'),
  (37, 'recurrent_layer', '^aten::(_?(cudnn|miopen|mkldnn)_rnn(_layer|_backward)*|_?(quantized_)?(lstm|gru|rnn_(tanh|relu))(_mps|_cell|_mps_backward)?)$', 'other',
    'aten::_cudnn_rnn'),
  (38, 'generated_convolution', '^triton_tem_fused_\w*conv(olution|[123]d|_)', 'convolution',
    'triton_tem_fused_convolution_3'),
  (39, 'generated_product', '^triton_(mm|bmm)_|^triton_tem_fused_\w*mm_', 'linear',
    'triton_tem_fused_addmm_relu_7')
) AS rules (rule_order, rule, pattern, category, example)
