-- framework_range: names of ranges that PyTorch or its compiler writes.
--
-- Why:     such a range shows what the framework does, not which part of the model runs, so it
--          gives neither a component nor a module. The same is true of a label that can't be
--          parsed.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   rule     what writes it
--   pattern  regular expression, found anywhere in the name
--   example  a real name that it matches
SELECT
  rule,
  pattern,
  example
FROM (
  VALUES
  -- torch/_inductor/output_code.py and compile_fx.py
  ('inductor', '^## Call CompiledFxGraph ', '## Call CompiledFxGraph fyzmmikkhz7 ##'),
  ('inductor', '^(inductor_|async_compile[.:])', 'async_compile.wait'),
  -- torch/_dynamo/eval_frame.py, utils.py and the byte code that it writes
  ('dynamo', '^Torch-Compiled Region(: |$)', 'Torch-Compiled Region: 0/0'),
  ('dynamo', '^TorchDynamo ', 'TorchDynamo Cache Lookup'),
  ('dynamo', '^(Pregraph|Postgraph) bytecode', 'Pregraph bytecode'),
  ('dynamo', ' \(dynamo_timed\)$', 'CUDAGraphNode.record (dynamo_timed)'),
  -- torch/_functorch/_aot_autograd/runtime_wrappers.py
  ('aot_autograd', '^(AOTDispatcher|AOTAutograd) ', 'AOTDispatcher Runtime Wrapper Prologue'),
  ('aot_autograd', '^CompiledFunction(Backward)?[0-9]*$', 'CompiledFunctionBackward'),
  -- torch/csrc/autograd/engine.cpp
  ('autograd', '^(autograd|torch::autograd)::', 'autograd::engine::evaluate_function: MmBackward0'),
  -- torch/optim/optimizer.py
  ('optimizer', '^Optimizer\.\w+#', 'Optimizer.step#AdamW.step'),
  ('optimizer', '^Zero grad', 'Zero grad'),
  -- torch/csrc/distributed/c10d: one range for each collective of a backend
  (
    'collective', '^(nccl|gloo|mpi|ucc|xccl|hccl|rccl|c10d|_c10d_functional|symm_mem)::?\w',
    'nccl:all_reduce'
  ),
  ('collective', '^record_param_comms$', 'record_param_comms'),
  -- NCCL's and RCCL's own ranges, one for each call of their interface
  ('collective', '^p?(nccl|rccl)[A-Z]\w+$', 'ncclGroupEnd'),
  ('rpc', '^rpc_(sync|async|remote|torchscript)#', 'rpc_async#aten::add(worker1 -> worker2)'),
  -- torch/nn/parallel and torch/distributed/fsdp
  (
    'data_parallel', '^(Distributed)?DataParallel\.\w', 'DistributedDataParallel.forward'
  ),
  (
    'data_parallel', '^torch\.distributed\.(ddp|_?composable)',
    'torch.distributed.ddp.reducer::copy_bucket_to_grad'
  ),
  ('fsdp', '^(FSDP2?|FullyShardedDataParallel)(::|\.)', 'FSDP::pre_forward (blocks.2)'),
  -- torch/utils/data
  (
    'data_loader', '^enumerate\(\w+\)',
    'enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__'
  ),
  ('data_loader', '^(PyTorch )?Data(Loader|Pipe)\b', 'PyTorch DataLoader'),
  -- torch/profiler
  ('profiler', '^ProfilerStep(#|\*|$)', 'ProfilerStep*'),
  ('profiler', '^(PyTorch Profiler|Iteration Start: PyTorch Profiler)', 'PyTorch Profiler (0)'),
  ('profiler', '^\[pytorch\|profiler\|', '[pytorch|profiler|execution_trace|process]'),
  -- labels of a capture that can't be parsed: see annotation_label
  ('odd_label', '^(component|module|attention|step):(\S|$)', 'step:first')
) AS known (rule, pattern, example)
