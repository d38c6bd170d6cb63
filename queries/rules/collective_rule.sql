-- collective_rule: which collective a kernel or a range runs, by its name.
--
-- Why:     NCCL names its kernels after the collective, except for its entry points: the generic
--          kernel, and send-receive of bytes, run whatever has no kernel of its own.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule_order  the first pattern that matches decides
--   collective  'all_reduce' | 'all_gather' | 'reduce_scatter' | 'all_to_all' | 'broadcast' |
--               'reduce' | 'gather' | 'scatter' | 'barrier' | 'send_recv' | 'generic' |
--               'expert_dispatch' | 'expert_combine' | 'expert_notify'
--   pattern     regular expression, found anywhere in the name
--   example     a real name that it matches
SELECT
  rule_order,
  collective,
  pattern,
  example
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (1, 'generic', '(?i)(nccl|rccl)\w*(SendRecv_RING_SIMPLE_Sum_int8_t|_Generic|Generic(_|Kernel)|_main_kernel)', 'ncclKernel_SendRecv_RING_SIMPLE_Sum_int8_t(ncclWorkElem)'),
  (2, 'expert_notify', '(intra|inter)node(_ll)?::(notify|cached_notify|get_dispatch)', 'void deep_ep::internode::notify_dispatch<false, 8>'),
  (3, 'expert_dispatch', '(intra|inter)node(_ll)?::dispatch', 'void deep_ep::internode_ll::dispatch<false, false, 7168>'),
  (4, 'expert_combine', '(intra|inter)node(_ll)?::combine', 'void deep_ep::internode_ll::combine<7168, 9>'),
  (5, 'reduce_scatter', '(?i)reduce_?scatter', 'ncclDevKernel_ReduceScatter_Sum_bf16_RING_LL'),
  (6, 'all_reduce', '(?i)all_?reduce|cross_device_reduce|_ar_', 'nccl:all_reduce'),
  (7, 'all_gather', '(?i)all_?gather', 'nccl:_all_gather_base'),
  (8, 'all_to_all', '(?i)all_?to_?all|(^|[^a-z])a2a', 'nccl:all_to_all'),
  (9, 'broadcast', '(?i)broadcast', 'ncclDevKernel_Broadcast_RING_LL'),
  (10, 'send_recv', '(?i)send_?recv|:(send|recv)\b', 'ncclDevKernel_SendRecv(ncclDevKernelArgs)'),
  (11, 'reduce', '(?i)reduce', 'ncclDevKernel_Reduce_Sum_f32_RING_LL'),
  -- those that run as sends or as an all_reduce
  (12, 'gather', '(?i):gather', 'nccl:gather'),
  (13, 'scatter', '(?i):scatter', 'nccl:scatter'),
  (14, 'barrier', '(?i):barrier', 'nccl:barrier')
) AS rules (rule_order, collective, pattern, example)
