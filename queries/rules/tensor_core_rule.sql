-- tensor_core_rule: whether a matrix kernel uses tensor cores, by its name.
--
-- Why:     no trace records it, but libraries write the instruction or the data type into the name.
--          Names are matched in order; a matrix kernel that no rule matches may use them or not.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order   the first pattern that matches decides
--   rule         what the name says
--   tensor_core  'yes' | 'no'
--   pattern      regular expression, found anywhere in the name
--   example      a real name that it matches
SELECT
  rule_order,
  rule,
  tensor_core,
  pattern,
  example
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (1, 'cutlass tensorop', 'yes', 'tensorop_', 'void cutlass::Kernel2<cutlass_75_wmma_tensorop_bf16_s161616gemm_bf16_32x32_32x1_nn_align1>'),
  (2, 'instruction shape', 'yes', '(^|[^a-z0-9])[shi](884|1688|16816|8816|16832|161616)[a-z]', 'turing_fp16_s1688gemm_fp16_128x128_ldg8_f2f_nn'),
  (3, 'nvjet', 'yes', '^nvjet', 'nvjet_tst_192x192_64x4_2x1_v_bz_coopB_bias_TNN'),
  (4, 'wgmma', 'yes', '(?i)wgmma', 'void gemm_wgmma_kernel<__nv_bfloat16>'),
  (5, 'xmma type', 'yes', 'xmma_\w*(f16|tf32|e4m3|e5m2|i8i8)', 'sm90_xmma_gemm_bf16bf16_bf16f32_f32_nn_n_tilesize128x128x64_warpgroupsize1x1x1_execute_segment_k_off_kernel__5x_cublas'),
  (6, 'cutlass 3', 'yes', 'cutlass::device_kernel<.*([Gg]emm|FlashAttn)', 'void cutlass::device_kernel<dpsk::grouped_gemm::cuda::fp8_dptp128c_acc::GemmKernel>'),
  (7, 'flash', 'yes', 'flash::(flash_(fwd|bwd)|compute_attn)|(^|[^a-z])fmha(Sm|_fwd|_bwd|_v)', 'void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64, 128, 128, 4, false, false>>'),
  (8, 'mfma', 'yes', '(?i)^Cijk_.*_MI[0-9]+x[0-9]+x[0-9]+|xdl|gtcx|mfma', 'Cijk_Ailk_Bjlk_BBS_BH_MT32x32x64_MI16x16x16x1_SN_1LDSB0'),
  (9, 'float units', 'no', '[sdcz]gemm|scudnn|simt|ffma|xmma_\w*_f32f32_f32f32', 'volta_sgemm_128x32_sliced1x4_tn'),
  (10, 'winograd', 'no', '(?i)winograd', 'void cudnn::winograd_nonfused::winogradForwardData4x4<float, float>'),
  (11, 'matrix by vector', 'no', '(?i)gemv', 'void gemv2T_kernel_val<int, int, float, float, float, float, 128, 16, 2, 2, false, false>'),
  (12, 'cudnn engine', 'no', '([dw]grad|conv)\w*(_engine|_alg[01]_1)<float', 'void cudnn::cnn::wgrad_alg0_engine<float, 128, 5, 5, 3, 3, 3, false, 512>')
) AS rules (rule_order, rule, tensor_core, pattern, example)
