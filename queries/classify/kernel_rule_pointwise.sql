-- kernel_rule_pointwise: rules for kernels that move or change one element after another.
--
-- Why:     these have the most general names, so they stand last.
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
  (301, 'group_norm', 'group_norm',
    '(?i)group_?norm|RowwiseMomentsCUDAKernel|ComputeFusedParams',
    'void (anonymous namespace)::groupnorm_kernel_dispatch_up<__hip_bfloat16, 1024u>(unsigned int, unsigned int, long, bool, __hip_bfloat16 const*, float*, float*)'),
  (302, 'normalization', 'normalization',
    '(?i)(layer|rms|batch|instance)_?norm|GammaBeta|bn_(fw|bw)_|bnorm|MIOpenBatchNorm|batch_norm|_norm_kernel|NormForward|rmsnorm|l2norm|Rmsnorm2d|Layernorm2d',
    'void cudnn::bn_bw_1C11_singleread<float, 512, true, 1, 2, 0>(cudnn::bn_bw_1C11_args<float>)'),
  (303, 'softmax', 'softmax',
    '(?i)softmax',
    'aiter::topksoftmax_4x128x8_bf16'),
  (304, 'table_embedding', 'embedding',
    '(?i)embedding|indexing_backward|indexSelect|linearize_index|bounds_check_indices|recat|permute_(pooled|1D|2D|indices|data)|find_long_segments|grad_weight_kernel|pooled_embs|embedding_backward',
    'void fbgemm_gpu::permute_2D_lengths_kernel<int>(int, int, int const*, int const*, int*)'),
  (305, 'pooling', 'resampling',
    '(?i)average_pool|pool(ing)?_?(forward|backward|2d|3d|fw|bw|_|k)|upsample|interp(olate)?|grid_sampler|pixel_shuffle|mloPooling|roi_align',
    'void at::native::(anonymous namespace)::adaptive_average_pool<float>(float const*, float*, int, int, int, int, long, long, long)'),
  (306, 'sorting', 'other',
    '(?i)cub::Device(Radix|Merge|Segmented)|RadixSort|bitonicSort|segmented_sort|gatherTopK|topk|radixFind|sbtopk|mbtopk|DeviceScan|DeviceSelect|DeviceCompact|sort_kernel|DeviceReduceByKey|thrust::.*scan',
    'void cub::DeviceScanInitKernel<cub::ScanTileState<int, true> >(cub::ScanTileState<int, true>, int)'),
  (307, 'moe_routing', 'other',
    '(?i)moe.*(sort|rout|align|permute)|rout(ing|er)|histogram|bitmatrix|expert|moe_align',
    '_combined_routing_compute'),
  (308, 'moe_combine', 'reduction',
    '(?i)finalize(Kernel|_matmul)|moe_sum|combine_topk',
    '_finalize_matmul_scatter_bf16'),
  (309, 'scan', 'other',
    'scan_(innermost|outer|thrust)|tensor_kernel_scan|cumsum|bucketize|searchsorted|asynchronous_complete_cumsum|offsets_range',
    'void fbgemm_gpu::_offsets_range_cuda_kernel<long>(long, long, long const*, long*)'),
  (310, 'loss', 'reduction',
    'nll_loss|NLLCriterion|cross_entropy|ctc_loss',
    'void cunn_ClassNLLCriterion_updateGradInput_kernel<float>(float*, float*, long*, float*, float*, int, int, int, int, long)'),
  (311, 'reduction', 'reduction',
    'reduce_kernel|(?i)DeviceReduce|multi_tensor_apply.*(Norm|LpNorm)|reduce1_|ReduceKernel|splitk?reduce|warp_reduce|block_reduce|_sum_kernel|welford',
    'void at::native::reduce_kernel<(int)512, (int)1, at::native::ReduceOp<float, at::native::MeanOps<float, float, float, float>, unsigned int, float, (int)4, (int)4>>(T3)'),
  (312, 'copy', 'copy',
    'CatArray|direct_copy|copy_kernel|(?i)memcpy|batched_transpose|transpose_(N|C)|transpose_kernel|Float8_copy|vectorized_gather|index_elementwise|gather_kernel|index_kernel|index_copy|indexFunc|scatter|_gather_|to_dense_representation|MIOpenTranspose|bfloat16_copy|flip_kernel|roll_cuda|triu_tril|CopyDevice|__amd_rocclr_copyBuffer|dense_to_jagged|jagged',
    'batched_transpose_16x64_pack_1x4_ediv_1x2_half'),
  (313, 'fill', 'copy',
    'FillFunctor|fillBuffer|(?i)memset|fill_kernel|zero_?buffer|__amd_rocclr_fill',
    '__amd_rocclr_fillBufferAligned'),
  (314, 'quantise', 'elementwise',
    '(?i)quant|cast_kernel|CastTensor|SubTensorOpWith|scaled_fp8|convert_fp8',
    'SubTensorOpWithCastTensor1d'),
  (315, 'random', 'elementwise',
    '(?i)distribution_|random|philox|dropout|uniform|normal_kernel',
    'void at::native::(anonymous namespace)::fused_dropout_kernel_vec<float, float, unsigned int, 1, 4, bool>(at::cuda::detail::TensorInfo<float, unsigned int>, at::cuda::detail::TensorInfo<float, unsigned int>, at::cuda::detail::TensorInfo<bool, unsigned int>, unsigned int, float, at::PhiloxCudaState)'),
  (316, 'optimizer', 'elementwise',
    'multi_tensor_apply|(?i)adam|sgd|adagrad|lamb',
    'void at::native::elementwise_kernel<(int)128, (int)4, void at::native::gpu_kernel_impl<at::native::CUDAFunctor_add<float>>(at::TensorIteratorBase &, const T1 &)::[lambda(int) (instance 1)]>(int, T3)'),
  (317, 'activation', 'elementwise',
    'act_and_mul|silu|gelu|swiglu|relu|sigmoid|tanh|activation',
    '_ZN7sgl_hip10activation18act_and_mul_kernelI14__hip_bfloat16TnPFT_RKS3_EXadL_Z4siluIS2_ES3_S5_EEEEvPS3_PS4_i'),
  (318, 'elementwise', 'elementwise',
    '(?i)elementwise|op_tensor_kernel|OpTensor|scalePackedTensor|addTensor|pointwise|loops?_kernel|BinaryFunctor|UnaryFunctor|add_tensor|arange|linspace|eye_kernel|cudnn::ops::|transform_bias_rescale|masked_fill|clamp|addcmul|where_kernel|_add_kernel|_mul_kernel|saxpy|axpy|scal_kernel|resolve_future|memcopy',
    'saxpy(double *, double *, double *, double, int)')
) AS rules (rule_order, rule, category, pattern, example)
