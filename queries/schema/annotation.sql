-- annotation: one labelled range: record_function, NVTX, a capture's label or a module.
--
-- Why:     components, steps, modules and attention calls are read from these.
-- Grain:   one row per range; marks and unclosed ranges have dur_ns 0
-- Inputs:  none
-- Columns:
--   trace_id       trace.trace_id
--   annotation_id  number within the trace
--   process_id     process, as text; for a range on a device or of a memory snapshot, the device's
--                  number
--   thread_id      thread, as text; for a range on a device, the stream's number
--   start_ns       ns from the trace's base
--   dur_ns         ns
--   name           without the label's prefix: 'unet' of 'component:unet'
--   kind           'component' | 'step' | 'module' | 'attention' (labels of a capture),
--                  'python_module' (nn.Module frames), 'profiler_step', 'user', 'gpu_user' (on a
--                  device's timeline)
--   args           JSON; for a capture's label, its fields; for a collective's range
--                  ('nccl:...'), 'input_dims' and 'input_types'; NULL if there are none
CREATE TABLE annotation (
  trace_id INTEGER NOT NULL,
  annotation_id BIGINT NOT NULL,
  process_id VARCHAR,
  thread_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  args JSON
);
