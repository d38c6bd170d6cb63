-- layout_rule: kernels that only change the order of a tensor's dimensions around a convolution.
--
-- Why:     cuDNN and MIOpen compute in one order of dimensions and convert tensors that have the
--          other one, in kernels whose names say so.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule     short name of the rule
--   pattern  regular expression (RE2) found anywhere in the kernel's name
--   example  a real kernel name that this rule must match
SELECT
  rule,
  pattern,
  example
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  ('cudnn', '(?i)nchwToNhwc|nhwcToNchw',
    'void cudnn::ops::nchwToNhwcKernel<__half, __half, float, false, true, (cudnnKernelDataType_t)0>(cudnn::ops::nchw2nhwc_params_t<float>, __half const*, __half*)'),
  ('cudnn_folded', '(?i)nhwcAddPaddingKernel|nchwAddPaddingKernel',
    'void cudnn::ops::nhwcAddPaddingKernel<__half, __half, float, true, (cudnnKernelDataType_t)2>(int, int, int, int, int, int, int, int, __half const*, __half*, float, float)'),
  ('miopen', '(?i)^batched_transpose_\d+x\d+',
    'batched_transpose_64x64_pack_4x4_ediv_2x2_half')
) AS layout_rule (rule, pattern, example)
