-- kineto_category: the role of each category of Kineto's events.
--
-- Why:     spellings differ between vendors and versions; this table lists them all.
-- Grain:   one row per category
-- Inputs:  none
-- Columns:
--   cat   as in the trace (libkineto's ActivityType.h, Cuspy, and the spellings of 2021)
--   role  'kernel' | 'copy' | 'runtime' | 'op' | 'annotation' | 'device_annotation' | 'python' |
--         'flow' | 'instant' | 'host_other' | 'device_other' | 'counter_range' | 'span'
SELECT
  category.cat,
  category.role
FROM (
  VALUES
  ('kernel', 'kernel'),
  ('Kernel', 'kernel'),
  ('gpu_memcpy', 'copy'),
  ('gpu_memset', 'copy'),
  ('Memcpy', 'copy'),
  ('Memset', 'copy'),
  ('cuda_runtime', 'runtime'),
  ('cuda_driver', 'runtime'),
  ('Runtime', 'runtime'),
  ('xpu_runtime', 'runtime'),
  ('xpu_driver', 'runtime'),
  ('privateuse1_runtime', 'runtime'),
  ('privateuse1_driver', 'runtime'),
  ('cpu_op', 'op'),
  ('Operator', 'op'),
  ('user_annotation', 'annotation'),
  ('gpu_user_annotation', 'device_annotation'),
  ('python_function', 'python'),
  ('ac2g', 'flow'),
  ('fwdbwd', 'flow'),
  ('async', 'flow'),
  ('async_cpu_to_gpu', 'flow'),
  ('async_gpu', 'flow'),
  ('cpu_instant_event', 'instant'),
  ('overhead', 'host_other'),
  ('external_correlation', 'host_other'),
  ('glow_runtime', 'host_other'),
  ('mtia_runtime', 'host_other'),
  ('hpu_op', 'device_other'),
  ('cuda_sync', 'device_other'),
  ('cuda_event', 'device_other'),
  ('cuda_profiler_range', 'counter_range'),
  ('collective_comm', 'device_other'),
  ('hardware_counters', 'device_other'),
  ('mtia_ccp_events', 'device_other'),
  ('mtia_insight', 'device_other'),
  ('mtia_counters', 'device_other'),
  ('xpu_sync', 'device_other'),
  ('xpu_scope_profiler', 'device_other'),
  ('graph_event_node', 'device_other'),
  ('graph_host_node', 'device_other'),
  ('Trace', 'span')
) AS category (cat, role)
