-- wrapper_class: module classes that wrap a whole model and don't show what it is.
--
-- Why:     the outermost module of a compiled or distributed model is its wrapper; the pipeline's
--          part is the module inside.
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
