-- opportunity_kind: what each kind of opportunity means, how its saving is computed, what to do.
--
-- Why:     the words are data, so that the command, the report and a user's SQL say the same.
-- Grain:   one row per kind
-- Inputs:  none
-- Columns:
--   kind         see opportunity
--   family       'idle' (time of an idle device) | 'transfer' (time of a device that only moves
--                data) | 'work' (time of kernels or operators)
--   unit_word    what is counted, in the plural
--   what         what was found, one sentence without numbers
--   computed     how the saving is computed
--   certainty    'likely' (measured, or predicted within the interval) | 'at_most' (a bound: what
--                the fix leaves is not known)
--   advice       what to do
--   shared_with  other kinds whose fix can save some of the same time, separated by ', '; NULL if
--                there are none
SELECT
  kind,
  family,
  unit_word,
  what,
  computed,
  certainty,
  advice,
  nullif(shared_with, '') AS shared_with
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  ('unfused_attention', 'work', 'calls', 'Attention runs as separate products and softmax',
    'time of the core, less what the predictor says a fused kernel takes on this device; without a prediction the products stay and the rest goes',
    'likely', 'call scaled_dot_product_attention; with a bias or a mask its memory-efficient kernel still applies', ''),
  ('fused_attention', 'work', 'calls', 'Fused attention runs where separate products would be faster',
    'time of the core, less what two products and a softmax of these shapes take on this device by the predictor''s rates',
    'likely', 'use the math backend for these calls: torch.nn.attention.sdpa_kernel(SDPBackend.MATH)', 'launch_bound'),
  ('recomputation', 'work', 'kernels', 'The backward pass computes a part of the forward pass again',
    'time of the recomputed kernels and to begin them; all of it if their results are kept in memory instead',
    'at_most', 'checkpoint fewer layers, or only those whose results are large and quick to compute, if memory allows', ''),
  ('layout_copy', 'work', 'kernels', 'Tensors are converted between memory layouts around convolutions',
    'time of the conversions and to begin them; all of it if the whole network uses one layout',
    'at_most', 'convert model and input once with .to(memory_format=torch.channels_last)', ''),
  ('cast', 'work', 'kernels', 'Tensors are cast between floating types',
    'time of the casts; those of weights can be made once, those of activations may be needed',
    'at_most', 'load the weights in the type that the run computes in; keep autocast regions large', ''),
  ('contiguous', 'work', 'kernels', 'Tensors are copied into contiguous order',
    'time of the copies; a copy is needless if the next operator reads strides',
    'at_most', 'avoid .contiguous() and .reshape() between permutes, or let torch.compile choose the order', ''),
  ('float32_product', 'work', 'products', 'Matrix products of float32 run without tensor cores',
    'time of the products, less their time at the best rate that TF32 products or the memory reach, whichever is slower',
    'likely', 'set torch.set_float32_matmul_precision("high"), or compute in bfloat16', ''),
  ('odd_product', 'work', 'products', 'A matrix product has sizes that tensor cores can''t load whole',
    'time of the product, less its time at the best rate that tensor cores or the memory reach, whichever is slower',
    'likely', 'pad the sizes to a multiple of 8 elements', ''),
  ('slow_product', 'work', 'products', 'A matrix product is slower than nine of ten measured products of its shape',
    'time of the product, less the predicted time',
    'likely', 'check the kernel that runs: other libraries, layouts or a larger batch may choose a better one', ''),
  ('kernel_chain', 'work', 'kernels', 'Elementwise kernels and norms run one after another on the same tensors',
    'time of each chain, less one to two times that of its longest kernel',
    'likely', 'torch.compile or a fused kernel merges them', 'launch_bound'),
  ('launch_bound', 'idle', 'gaps', 'The device waits because the host launches too slowly',
    'short gaps, less the gap that stays between two queued kernels; the profiler slows the host, so without it less is lost',
    'likely', 'use torch.compile(mode="reduce-overhead") or CUDA graphs, or a larger batch', 'host_wait, kernel_chain'),
  ('scheduler', 'idle', 'gaps', 'The device waits while the host runs the scheduler',
    'host time in gaps before the scheduler''s kernels; all of it if the scheduler is compiled, or its values are computed before the loop',
    'at_most', 'keep the scheduler''s tables on the device, compute its values before the loop, or compile its step', ''),
  ('host_pause', 'idle', 'pauses', 'The device waits while the host does something long',
    'host time within gaps of 1 ms or more; all of it if it can be moved out of the loop or done ahead',
    'at_most', 'move it out of the loop, or do it while the device computes', ''),
  ('first_launch', 'idle', 'calls', 'Launch calls take milliseconds while the device waits',
    'time of launch calls in gaps of 1 ms or more; kernels are loaded at their first launch',
    'at_most', 'run a few steps before recording; in production, warm up before the first request', ''),
  ('data_loading', 'idle', 'pauses', 'The device waits for the data loader',
    'time in the loader while the device is idle; a loader that runs ahead hides behind the rest of the run',
    'at_most', 'use more workers, prefetching and pinned memory, or prepare the data beforehand', ''),
  ('allocation', 'idle', 'gaps', 'The device waits while memory is allocated or freed',
    'time in such calls while the device is idle',
    'likely', 'warm up so that the caching allocator holds the memory; avoid empty_cache() in the loop; try expandable_segments', ''),
  ('allocator_retry', 'idle', 'gaps', 'The device waits while the allocator gives memory back and asks for it again',
    'time in such calls while the device is idle; at least that of the calls but the last one, which got the memory',
    'likely', 'lower the peak: a smaller batch, checkpointing or offloading; against fragmentation, set PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True', ''),
  ('allocator_growth', 'idle', 'gaps', 'The device waits for memory that the allocator never held before, step after step',
    'time in such calls while the device is idle, in the steps after the first',
    'likely', 'look for tensors that each step keeps, such as losses in a list: .detach() or .item() them after the loop; with changing shapes, run the largest one first', ''),
  ('host_wait', 'idle', 'waits', 'The host waits for the device, which then runs dry',
    'gaps after the waits, but no more than the host could have run ahead: the time that it waited',
    'likely', 'keep values on the device: avoid .item(), .cpu() and synchronize() in the loop', 'launch_bound'),
  ('pageable_copy', 'idle', 'copies', 'The host waits for copies of pageable memory, and the device runs dry',
    'gaps after the copies, but no more than the host could have run ahead: the time that it waited',
    'likely', 'copy from pinned memory with non_blocking=True', 'pageable_transfer'),
  ('pageable_transfer', 'transfer', 'copies', 'The device only copies pageable memory',
    'time in which only copies run, up to the time of computing that could hide it',
    'at_most', 'pin the memory and copy on a stream of its own, one step ahead', 'pageable_copy'),
  ('exposed_copy', 'transfer', 'copies', 'The device only copies to or from the host',
    'time in which only copies run or begin, up to the time of computing that could hide it',
    'at_most', 'copy on a stream of its own, one layer ahead; tensors that can stay on the device save all of the cost', ''),
  ('exposed_communication', 'transfer', 'kernels', 'The device only communicates, or waits for other ranks in a collective',
    'time in which only communication runs, up to the time of computing that could hide it',
    'at_most', 'overlap communication with computing, in smaller buckets; see rank_skew for late ranks', 'straggler'),
  ('straggler', 'transfer', 'kernels', 'Collectives wait for a rank that comes late',
    'time that this rank waited with nothing to compute, but no more than until the next to last rank came; less if what the last one is late by is spread over all, more if all come as early as this one',
    'likely', 'see rank_outlier for what makes that rank late: more work, as with uneven batches or experts, or a slow host or device', 'exposed_communication')
) AS known (kind, family, unit_word, what, computed, certainty, advice, shared_with)
