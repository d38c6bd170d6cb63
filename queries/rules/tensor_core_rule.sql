-- tensor_core_rule: whether a matrix kernel uses tensor cores, by its name.
--
-- Why:     no trace records it, but libraries write the instruction or the data type into the name.
--          Names are matched in order; a matrix kernel that no rule matches may use them or not.
--          What prepares a product or ends it, such as a change of layout, is not counted.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order   the first pattern that matches decides
--   rule         what the name says
--   tensor_core  'yes' | 'no' | 'none' (the kernel multiplies no matrices)
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
  (1, 'layout', 'none', '(?i)(nchw|nhwc|chwn|cnhw)\w*(To|2)(nchw|nhwc|chwn|cnhw)|im2(d2)?col|col2im|cask\w*::computeB?Offsets', 'void cudnn::ops::nchwToNhwcKernel<float, float, float, false, true, (cudnnKernelDataType_t)2>'),
  (2, 'sum of parts', 'none', '(?i)split_?k_?reduce|reduce_?split_?k|reduce_segments|^void epilogue::impl::', 'void splitKreduce_kernel<float, float, float, float, true, false, false>(cublasSplitKParams<float>'),
  (3, 'Fourier transform', 'none', '(^|[^a-z])fft[12]d_', 'void fft2d_c2r_32x32<float, false, false, 0u, false, false>'),
  (4, 'cutlass tensorop', 'yes', 'tensorop_', 'void cutlass::Kernel2<cutlass_75_wmma_tensorop_bf16_s161616gemm_bf16_32x32_32x1_nn_align1>'),
  (5, 'instruction shape', 'yes', '(^|[^a-z0-9])[shi](884|1688|16816|8816|16832|161616)[a-z]', 'turing_fp16_s1688gemm_fp16_128x128_ldg8_f2f_nn'),
  (6, 'nvjet', 'yes', '^nvjet', 'nvjet_tst_192x192_64x4_2x1_v_bz_coopB_bias_TNN'),
  (7, 'wgmma', 'yes', '(?i)wgmma', 'void gemm_wgmma_kernel<__nv_bfloat16>'),
  (8, 'xmma type', 'yes', 'xmma_\w*(f16|tf32|e4m3|e5m2|i8i8)', 'sm90_xmma_gemm_bf16bf16_bf16f32_f32_nn_n_tilesize128x128x64_warpgroupsize1x1x1_execute_segment_k_off_kernel__5x_cublas'),
  (9, 'cutlass 3', 'yes', 'cutlass::device_kernel<.*([Gg]emm|FlashAttn)', 'void cutlass::device_kernel<dpsk::grouped_gemm::cuda::fp8_dptp128c_acc::GemmKernel>'),
  (10, 'flash', 'yes', 'flash::(flash_(fwd|bwd)|compute_attn)|(^|[^a-z])fmha(Sm|_fwd|_bwd|_v)', 'void pytorch_flash::flash_fwd_kernel<pytorch_flash::Flash_fwd_kernel_traits<64, 128, 128, 4, false, false>>'),
  (11, 'mfma', 'yes', '(?i)^Cijk_.*_MI[0-9]+x[0-9]+x[0-9]+|xdl|gtcx|mfma|gridwisemoegemm', 'Cijk_Ailk_Bjlk_BBS_BH_MT32x32x64_MI16x16x16x1_SN_1LDSB0'),
  (12, 'cutlass type', 'yes', 'MmaTensorOp|OpClassTensorOp', '_ZN19cutlass_cudnn_train6KernelINS_4conv6kernel23ImplicitGemmConvolutionINS6_4warp11MmaTensorOpINS7_ILi32ELi64ELi32EEE'),
  (13, 'narrow type', 'yes', '^(bmm|gemm)_\w*_Fp32_t[0-9]+x[0-9]+x[0-9]+|^_matmul_ogs_\w*(bf16|fp16|fp8|mxfp[48])x|(?i:(^|_)sage_?(attn|fwd)|qk_int8_)', 'bmm_Bfloat16_MxE2m1MxE4m3_Fp32_t128x16x256u2_s3_et128x16_m128x16x32'),
  (14, 'float units', 'no', '[sdcz]gemm|scudnn|simt|ffma|xmma_\w*_f32f32_f32f32', 'volta_sgemm_128x32_sliced1x4_tn'),
  (15, 'winograd', 'no', '(?i)winograd', 'void cudnn::winograd_nonfused::winogradForwardData4x4<float, float>'),
  (16, 'matrix by vector', 'no', '(?i)gemv', 'void gemv2T_kernel_val<int, int, float, float, float, float, 128, 16, 2, 2, false, false>'),
  (17, 'cudnn engine', 'no', '([dw]grad|conv)\w*(_engine|_alg[01]_1)<float', 'void cudnn::cnn::wgrad_alg0_engine<float, 128, 5, 5, 3, 3, 3, false, 512>')
) AS rules (rule_order, rule, tensor_core, pattern, example)
