-- costed_operator: operators whose FLOPs and bytes follow from their shapes, and the formula.
--
-- Why:     cost is charged once per chain of operators, to the innermost one whose shapes tell it.
-- Grain:   one row per operator
-- Inputs:  none
-- Columns:
--   op_name  name of the operator, such as 'aten::addmm'
--   formula  see signature_cost
WITH formula_names AS (
  SELECT
    formula,
    names
  FROM (
    VALUES
    ('convolution', 'convolution _convolution'),
    ('mm', 'mm bmm mv dot vdot _int_mm _scaled_mm _scaled_mm_v2'),
    ('addmm', 'addmm baddbmm addmv addmm_ baddbmm_ addmv_ _addmm_activation'),
    ('grouped_mm', '_grouped_mm _scaled_grouped_mm'),
    ('linear', 'linear'),
    ('attention', '_scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention'),
    ('attention', '_scaled_dot_product_cudnn_attention _cudnn_attention_forward'),
    ('attention', '_scaled_dot_product_flash_attention_for_cpu'),
    ('attention', '_scaled_dot_product_fused_attention_overrideable'),
    ('attention_by_length', '_flash_attention_forward _efficient_attention_forward'),
    ('pointwise', 'add sub rsub mul div floor_divide remainder fmod pow square sqrt rsqrt neg abs'),
    ('pointwise', 'exp exp2 expm1 log log2 log10 log1p sin cos tan tanh atan2 erf sigmoid logit'),
    ('pointwise', 'silu gelu relu elu leaky_relu hardtanh hardswish hardsigmoid mish softplus'),
    ('pointwise', 'clamp clamp_min clamp_max floor ceil round trunc sign reciprocal nan_to_num'),
    ('pointwise', 'where masked_fill eq ne lt le gt ge isnan logical_and logical_or logical_xor'),
    ('pointwise', 'logical_not bitwise_and bitwise_or bitwise_xor bitwise_not addcmul addcdiv'),
    ('pointwise', 'lerp maximum minimum triu tril cumsum cumprod'),
    ('pointwise', 'native_dropout'),
    ('pointwise', 'threshold_backward gelu_backward silu_backward hardswish_backward'),
    ('pointwise', 'mish_backward'),
    ('normalization', 'native_group_norm native_layer_norm _fused_rms_norm native_batch_norm'),
    ('normalization', 'cudnn_batch_norm miopen_batch_norm'),
    ('softmax', '_softmax _log_softmax _safe_softmax'),
    ('embedding', 'embedding'),
    ('index_select', 'index_select'),
    ('resampling', 'upsample_nearest1d upsample_nearest2d upsample_nearest3d'),
    ('resampling', '_upsample_nearest_exact2d upsample_bilinear2d upsample_bicubic2d'),
    ('resampling', 'upsample_trilinear3d _upsample_bilinear2d_aa'),
    ('reduction', 'mean sum amax amin max min argmax argmin norm linalg_vector_norm var std prod'),
    ('reduction', 'any all logsumexp'),
    ('pooling', 'avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices'),
    ('pooling', 'adaptive_avg_pool2d _adaptive_avg_pool2d _adaptive_avg_pool3d'),
    ('padding', 'constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d'),
    ('padding', 'replication_pad1d replication_pad2d replication_pad3d'),
    ('copy', 'copy_ clone cat stack roll flip'),
    ('cast', '_to_copy'),
    ('fill', 'zeros_like ones_like full_like rand_like randn_like'),
    ('fill', 'fill_ zero_ normal_ uniform_ bernoulli_ random_ exponential_'),
    ('convolution_backward', 'convolution_backward'),
    ('attention_backward', '_scaled_dot_product_flash_attention_backward'),
    ('attention_backward', '_scaled_dot_product_efficient_attention_backward'),
    ('attention_backward', '_scaled_dot_product_cudnn_attention_backward'),
    ('attention_backward', '_cudnn_attention_backward'),
    ('attention_backward', '_scaled_dot_product_flash_attention_for_cpu_backward'),
    ('attention_backward', '_scaled_dot_product_fused_attention_overrideable_backward'),
    ('attention_backward_by_length', '_flash_attention_backward _efficient_attention_backward'),
    ('normalization_backward', 'native_batch_norm_backward native_layer_norm_backward'),
    ('normalization_backward', 'native_group_norm_backward _fused_rms_norm_backward'),
    ('normalization_backward', 'cudnn_batch_norm_backward miopen_batch_norm_backward'),
    ('pointwise', 'tanh_backward sigmoid_backward leaky_relu_backward hardtanh_backward'),
    ('pointwise', 'elu_backward softplus_backward native_dropout_backward masked_scale'),
    ('pointwise', 'mse_loss_backward nll_loss_backward avg_pool2d_backward'),
    ('pointwise', 'max_pool2d_with_indices_backward _adaptive_avg_pool2d_backward'),
    ('softmax', '_softmax_backward_data _log_softmax_backward_data'),
    ('loss', 'mse_loss nll_loss_forward'),
    ('foreach', '_foreach_add _foreach_add_ _foreach_sub _foreach_sub_ _foreach_mul'),
    ('foreach', '_foreach_mul_ _foreach_div _foreach_div_ _foreach_sqrt _foreach_sqrt_'),
    ('foreach', '_foreach_pow _foreach_pow_ _foreach_neg _foreach_neg_ _foreach_abs _foreach_abs_'),
    (
      'foreach',
      '_foreach_reciprocal _foreach_reciprocal_ _foreach_addcmul _foreach_addcmul_ _foreach_addcdiv'
    ),
    ('foreach', '_foreach_addcdiv_ _foreach_lerp _foreach_lerp_ _foreach_maximum'),
    ('foreach', '_foreach_maximum_ _foreach_norm _foreach_max _foreach_zero_ _foreach_copy_'),
    ('fused_update', '_fused_adam_ _fused_adamw_ _fused_sgd_ _fused_adagrad_'),
    ('gather', 'gather'),
    ('index', 'index _unsafe_index'),
    ('scatter', 'scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_'),
    ('index_add', 'index_add index_add_'),
    ('index_put', 'index_put index_put_ _index_put_impl_'),
    ('embedding_backward', 'embedding_dense_backward'),
    ('new_fill', 'new_zeros new_ones new_full'),
    ('slice_backward', 'slice_backward select_backward')
  ) AS known (formula, names)
)

SELECT
  'aten::' || unnest(string_split(names, ' ')) AS op_name,
  formula
FROM formula_names
UNION ALL
-- the operator that writes its result to its first input
SELECT
  'aten::' || unnest(string_split(names, ' ')) || '_' AS op_name,
  formula
FROM formula_names
WHERE formula = 'pointwise' AND NOT contains(names, 'backward')
UNION ALL
SELECT
  unnest(['flash_attn::_flash_attn_forward', 'flash_attn::fwd', 'flash_attn_3::fwd']) AS op_name,
  'attention_by_length' AS formula
UNION ALL
SELECT
  'flash_attn::_flash_attn_backward' AS op_name,
  'attention_backward_by_length' AS formula
