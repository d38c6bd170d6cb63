-- operator_rule: the category of an operator, by its name.
--
-- Why:     a kernel's name often fits several operators, so the operator that launched it decides
--          first. Operators that combine several steps, such as a compiled region, have no rule on
--          purpose.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  the first rule that matches decides
--   rule        short name of the rule
--   pattern     regular expression (RE2) found anywhere in the operator's name
--   category    see work_category
--   example     a real operator name that this rule must classify
SELECT
  rule_order,
  rule,
  pattern,
  category,
  example
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (1, 'communication', '^(nccl|c10d|gloo|mpi|ucc|hccl|rccl|_?c10d_functional|symm_mem)::?|^record_param_comms$|^vllm::all_(reduce|gather)', 'communication',
    'record_param_comms'),
  (2, 'attention', '^aten::(_?scaled_dot_product_|_flash_attention_|_efficient_attention_|_cudnn_attention_|_fused_sdp_choice|_triton_scaled)', 'attention',
    'aten::_scaled_dot_product_flash_attention'),
  (3, 'attention_package', '^(flash_attn|flash_attn_[23]|_?vllm_fa[23]?_C|xformers|xformers_flash|sageattention|fa4|_flash_attn_fwd)::|^vllm::unified_(attention|mla)|^(aiter|sgl_kernel|flashinfer|sglang)::.*(fmha|mha_|attn|attention|sage)|flex_attention', 'attention',
    'vllm::unified_attention_with_output'),
  (4, 'convolution', '::(_|cudnn_|miopen_|mkldnn_|mps_|xpu_|slow_|_slow_|thnn_|_thnn_)?(convolution|conv(_depthwise)?[123]d|conv_transpose[123]d|conv_tbc|convrelu)|^ConvolutionBackward|::(cudnn|miopen)_depthwise_conv', 'convolution',
    'aten::cudnn_convolution'),
  (5, 'group_norm', '(?i)group_?norm', 'group_norm',
    'aten::native_group_norm'),
  (6, 'normalization', '(?i)(layer|batch|instance|rms)_?norm|^aten::(local_response_norm|renorm|_weight_norm)', 'normalization',
    'aten::native_layer_norm'),
  (7, 'softmax', '^aten::(_|_safe_|_masked_|_log_|log_)?softmax|^_C::topk_softmax', 'softmax',
    'aten::_softmax'),
  (8, 'linear', '^aten::(_?(add)?(mm|bmm|mv)(_activation|_dtype|_out)?_?|baddbmm_?|addbmm_?|addr_?|linear|linear_backward|matmul|dot|vdot|einsum|bilinear|chain_matmul|mkldnn_linear|_mkl_linear|_(scaled|int|grouped)_mm|_scaled_grouped_mm|_weight_int[48]pack_mm|inner|outer|ger|tensordot)$', 'linear',
    'aten::addmm'),
  (9, 'linear_package', '^(_C|_moe_C|vllm|aiter|sgl_kernel|mkldnn|onednn|quantized|fbgemm|torchao|bitsandbytes|deep_gemm)::.*(gemm|scaled_mm|_linear|matmul|wvSplitK|LLMM)', 'linear',
    '_C::cutlass_scaled_mm'),
  (10, 'embedding', '^aten::(_?embedding|index_select)|^(fbgemm|fb)::|CppNode<(SplitLookup|fbgemm)', 'embedding',
    'aten::embedding'),
  (11, 'resampling', '^aten::(_?upsample_|_?(adaptive_)?(avg|max)_pool|mkldnn_(max|adaptive|avg)|interpolate|grid_sampler|pixel_(un)?shuffle|channel_shuffle|col2im|im2col|affine_grid|fractional_)', 'resampling',
    'aten::upsample_nearest2d'),
  (12, 'reduction', '^aten::(sum|nansum|mean|nanmean|a?max|a?min|aminmax|argmax|argmin|prod|var|std|var_mean|std_mean|norm|linalg_vector_norm|linalg_norm|frobenius_norm|any|all|logsumexp|count_nonzero|median|_foreach_norm|nll_loss|cross_entropy_loss|dist|_amp_foreach_non_finite_check)', 'reduction',
    'aten::linalg_vector_norm'),
  (13, 'copy', '^aten::(copy_|_to_copy|to|clone|contiguous|cat|stack|_foreach_copy_|fill_|zero_|zeros|ones|full|full_like|zeros_like|ones_like|repeat|repeat_interleave|index|index_put_?|_index_put_impl_|_unsafe_index|index_copy_?|index_fill_?|gather|scatter_?|scatter_add_?|index_add_?|roll|flip|constant_pad_nd|_pad_\w+|pad|reflection_pad\w+|replication_pad\w+|masked_select|nonzero|tile|_local_scalar_dense|item|tril|triu|to_dense|slice_scatter|select_scatter|slice_backward|select_backward|_reshape_copy|_copy_from|pin_memory|_pin_memory|new_\w+|lift_fresh|is_nonzero)$', 'copy',
    'aten::copy_'),
  (14, 'cache', '^_C_cache_ops::|reshape_and_cache', 'copy',
    '_C_cache_ops::reshape_and_cache_flash'),
  (15, 'elementwise', '^aten::_?(add|sub|rsub|mul|div|true_divide|floor_divide|remainder|fmod|neg|abs|sign|sgn|exp|exp2|expm1|log|log2|log10|log1p|logit|sqrt|rsqrt|square|pow|float_power|reciprocal|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|erf|erfc|erfinv|sigmoid|log_sigmoid|hardsigmoid|hardswish|hardtanh|hardshrink|softshrink|softplus|mish|silu|gelu|relu|relu6|leaky_relu|prelu|rrelu|elu|celu|selu|glu|threshold|clamp|clamp_min|clamp_max|clip|where|lerp|minimum|maximum|fmin|fmax|eq|ne|gt|ge|lt|le|isnan|isinf|isfinite|nan_to_num|logical_(and|or|not|xor)|bitwise_\w+|__\w+__|masked_fill|masked_scatter|addcmul|addcdiv|ceil|floor|round|trunc|frac|heaviside|copysign|ldexp|hypot|polar|complex|angle|real|imag|conj_physical|dropout|native_dropout|feature_dropout|bernoulli|normal|uniform|randn|rand|randint|randperm|exponential|multinomial|arange|linspace|eye|one_hot|mse_loss|l1_loss|smooth_l1_loss|huber_loss|binary_cross_entropy\w*|kl_div|sigmoid_focal_loss|transform_bias_rescale_qkv|foreach_\w+|fused_(adam|adamw|sgd|dropout)|isclose|view_as_complex_copy|logaddexp)(_like|_forward|_backward|_backward_data|_)*$', 'elementwise',
    'aten::mul'),
  (16, 'elementwise_package', '^(_C|sgl_kernel|aiter|vllm)::.*(rotary|rope|silu|gelu|quant|and_mul|activation|norm)', 'elementwise',
    '_C::rotary_embedding'),
  (17, 'generated', '^triton_(poi|for)_', 'elementwise',
    'triton_poi_fused_add_cos_sin_0'),
  (18, 'search', '^aten::(sort|topk|argsort|kthvalue|unique\w*|_unique\w*|cumsum|cumprod|_cumsum|logcumsumexp|searchsorted|bucketize|bincount|histc|mode|msort|_convert_indices\w+|_linalg_\w+|linalg_\w+|cholesky\w*|fft_\w+|_fft_\w+|stft|istft)_?$', 'other',
    'aten::topk'),
  (19, 'view', '^aten::(_?reshape_alias|view|_unsafe_view|view_as|view_as_real|view_as_complex|reshape|permute|transpose_?|t|t_|swapaxes|movedim|expand|expand_as|broadcast_to|as_strided_?|_reshape_alias|slice|select|narrow|unsqueeze_?|squeeze_?|unbind|split|split_with_sizes|chunk|tensor_split|unfold|flatten|unflatten|detach_?|alias|diagonal|numpy_T|mT|mH|resolve_conj|resolve_neg|set_|resize_|resize_as_|result_type|is_same_size|rename|meshgrid|lift|sym_size|size|stride|unsafe_split\w*|unsafe_chunk|data|_conj|real|conj|ravel)$|^detach_?$', 'other',
    'aten::as_strided'),
  (20, 'allocation', '^aten::(empty|empty_like|empty_strided|_empty_affine_quantized|new_empty|new_empty_strided|scalar_tensor|tensor|_efficientzerotensor|record_stream|_foreach_zero_|_has_compatible_shallow_copy_type|random_|seed|is_pinned|_assert_async|_version|requires_grad_|retain_grad|output_nr|_nested_\w+|_make_dual|equal|allclose)$', 'other',
    'aten::empty'),
  (21, 'autograd', '^autograd::engine::evaluate_function|^torch::autograd::(AccumulateGrad|GraphRoot|CopyBackwards)|Backward[0-9]*$|^Optimizer\.', 'other',
    'autograd::engine::evaluate_function: AddmmBackward0')
) AS rules (rule_order, rule, pattern, category, example)
