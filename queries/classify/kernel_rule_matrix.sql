-- kernel_rule_matrix: rules for matrix products and convolutions.
--
-- Why:     a name such as cutlass tells neither attention nor convolution from a linear layer; the
--          operator does, and only where it is unknown do these decide.
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
  (201, 'cudnn_layout', 'convolution',
    'nchwToNhwc|nhwcToNchw|cudnn::.*(nchw2nhwc|nhwc2nchw)|cask_cudnn::compute|computeOffsetsKernel|computeBOffsets',
    'cask_cudnn::computeOffsetsKernel(cask_cudnn::ComputeOffsetsParams)'),
  (202, 'cudnn_winograd', 'convolution',
    '(?i)winograd',
    'volta_scudnn_winograd_128x128_ldg1_ldg4_relu_tile148t_nt_v1'),
  (203, 'cudnn_direct', 'convolution',
    '(wgrad|dgrad)_?(alg0|alg1|engine|2d|_)|implicit_convolve|explicit_convolve|implicit_con|precomputed_convolve|conv[123]d_|convolve_common|cudnn_infer_.*conv|::conv[123]?d',
    'void cudnn::cnn::reduce_wgrad_nchw_helper<float, float>(void*, void const*, float, int, int)'),
  (204, 'cudnn_gemm', 'convolution',
    '(?i)s?cudnn_|_scudnn|cudnn.*(fprop|dgrad|wgrad)|(fprop|dgrad|wgrad).*(implicit|indexed|nhwc|nchw|gemm)|xmma_(fprop|dgrad|wgrad)',
    'cudnn_turing_scudnn_128x64_stridedB_splitK_xregs_large_nn_v1'),
  (205, 'cudnn_fft', 'convolution',
    '^(void )?(fft2d_|flip_filter|compute_gemm_pointers|DSE::|pointwise_mult_and_sum_complex|gcgemm|cgemm)',
    'void fft2d_r2c_32x32<float, false, 5u, true>(float2*, float const*, int, int, int, int, int, int, int, int, int, cudnn::reduced_divisor, bool, int2, int, int)'),
  (206, 'miopen_convolution', 'convolution',
    '^(igemm_(fwd|bwd|wrw)|miopen.*[cC]onv|naive_conv|gridwise_convolution|MIOpenConv|Im2Col|Col2Im|Im2d2Col)|grouped_conv_(fwd|bwd)|DeviceGroupedConv',
    'igemm_fwd_gtcx3_nhwc_bf16_bx0_ex1_bt128x256x32_wt32x32x8_ws1x2_wr2x2_ta1x8x2x1_1x4x1x64_tb1x8x4x1_1x4x1x64'),
  (207, 'depthwise', 'convolution',
    'conv_depthwise|DepthwiseConv|conv_transpose',
    'void at::native::(anonymous namespace)::conv_depthwise2d_forward_kernel<3, float, int>(at::GenericPackedTensorAccessor<float const, 4ul>)'),
  (208, 'im2col', 'convolution',
    'im2col(4d)?_kernel|col2im_kernel|vol2col',
    'void at::native::im2col_kernel<float>(long, float const*, long, long, long, long, long, long, long, long, long, long, long, float*)'),
  (209, 'moe_gemm', 'linear',
    '(?i)moe_?gemm|fused_moe_kernel|grouped_?gemm|_matmul_ogs|group_gemm|bmm_(Mx|E4m3|E2m1|Bfloat|Fp)',
    '_matmul_ogs_NNT_bf16xbf16xmxfp4_128x128x128x1_swiglu'),
  (210, 'tensile', 'linear',
    '^Cijk_|^Custom_Cijk_|^_ZN.*hipblaslt',
    'Cijk_Ailk_Bjlk_BBS_BH_Bias_HAS_SAV_UserArgs_MT128x64x32_MI32x32x1_SN_LDSB0_AFC1_AFEM1_AFEM1_ASEM1_CLR1_CADS0_DTVA0_DTVB0_EPS0_FDSI0_GRPM1_GRVWA8_GRVWB8_GSUAMB_GLS0_ISA90a_IU1_K1_LBSPPA0_LBSPPB0_LBSPPM0_LPA0_LPB0_LPM0_LRVW4_LWPMn1_MIAV0_MIWT2_1_MO40_NTn1_NTA0_NTB0_NTC0_NTD0_NTM0_NEPBS2_NLCA1_NLCB1_ONLL1_PGR2_PLR1_PKA1_SIA3_SS1_SPO1_SRVW0_SSO0_SVW1_SK0_SKXCCM0_TLDS0_ULSGRO0_USL1_UIOFGRO0_USFGROn1_VSn1_VWA2_VWB1_WSGRA0_WSGRB0_WS64_WG64_4_1'),
  (211, 'nvjet', 'linear',
    '^nvjet_',
    'nvjet_sm103_tst_32x64_64x16_4x1_v_bz_splitK_TNN'),
  (212, 'deep_gemm', 'linear',
    'deep_gemm|fp8_gemm|(a8w8|w8a8|w4a16|int4|awq|gptq|marlin).*(gemm|kernel)|marlin|_w8a8_block',
    'void deep_gemm::sm90_fp8_gemm_1d2d_impl<0u, 7168u, 2048u, 1u, 128u, 128u, 128u>(float*, int*, unsigned int, CUtensorMap_st)'),
  (213, 'xmma_gemm', 'linear',
    'xmma_.*gemm|(sm[0-9]+|ampere|volta|turing|hopper|maxwell|kepler|pascal)_[a-z0-9_]*gemm',
    'ampere_sgemm_32x32_sliced1x4_nn'),
  (214, 'cutlass_gemm', 'linear',
    'cutlass.*(gemm|Gemm|GEMM)|cutlass::Kernel2?<|cutlass::device_kernel',
    'void cutlass::Kernel<cutlass_80_simt_sgemm_128x32_8x5_nn_align1>(cutlass_80_simt_sgemm_128x32_8x5_nn_align1::Params)'),
  (215, 'cublas_gemv', 'linear',
    'gemv|gemmSN|gemmk1|gemm_kernel|dot_kernel|reduce_1Block_kernel|splitKreduce|splitK_?reduce|cublasLt::',
    'void splitKreduce_kernel<float, float, float>(cublasSplitKParams<float>, float const*, float const*, float*, float const*, float const*)'),
  (216, 'epilogue', 'linear',
    'epilogue::impl::globalKernel',
    'void epilogue::impl::globalKernel<float, float, float, true, true>(int, int, long, float*, cublasLtEpilogue_t, int, float*, long, void*, long, long, long, float*, long, int*)'),
  (217, 'ck_gemm', 'linear',
    '(?i)kernel_gemm_|gridwise_?gemm|ck.*gemm|gemm.*(xdl|wmma)|^bf16gemm_|wvSplitK|LLGemm',
    'void ck::kernel_gemm_xdl_cshuffle_v3<ck::GridwiseGemm_xdl_cshuffle_v3<ck::tensor_layout::gemm::RowMajor> >()'),
  (218, 'triton_matmul', 'linear',
    '^_?(matmul|mm|bmm|addmm)_kernel|^_?gemm_|_linear_kernel|_gemm_a|gemm_afp',
    '_gemm_a16w16_kernel_BLOCK_SIZE_M_16'),
  (219, 'other_gemm', 'linear',
    '(?i)(s|d|h|bf16|fp16|i8)gemm(ex)?_|_gemm_',
    'void cublasLt_hgemm_128x64_nn')
) AS rules (rule_order, rule, category, pattern, example)
