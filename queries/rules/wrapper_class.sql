-- wrapper_class: module classes that wrap a whole model and say nothing of what it is.
--
-- Why:     a compiled or distributed model's outermost module is its wrapper; the part of the
--          pipeline is the module inside.
-- Grain:   one row per class
-- Inputs:  none
-- Columns:
--   class_name  class of the module
--   source      where it is defined
SELECT
  class_name,
  source
FROM (
  VALUES
  ('OptimizedModule', 'torch._dynamo.eval_frame'),
  ('DistributedDataParallel', 'torch.nn.parallel'),
  ('DataParallel', 'torch.nn.parallel'),
  ('FullyShardedDataParallel', 'torch.distributed.fsdp'),
  ('DeepSpeedEngine', 'deepspeed.runtime.engine')
) AS known (class_name, source)
