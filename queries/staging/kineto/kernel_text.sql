-- kernel_text: the texts of the kernels of a Kineto trace.
--
-- Why:     the reader has numbered them already.
-- Grain:   one row per set of texts of kernels; a set may occur a few times
-- Inputs:  kineto_text, kineto_device_process, trace_file
-- From:    kineto_text WHERE role = 'kernel'
-- Columns:
--   trace_id        trace.trace_id
--   text_id         number of the set, with the number of the trace in its upper half
--   process_id      see kineto_device_process; NULL in a trace of one process
--   name            as recorded
--   grid            '[x,y,z]' blocks; NULL if absent
--   block           '[x,y,z]' threads; NULL if absent
--   occupancy_frac  0..1, as the profiler estimates it; NULL if not recorded, like the next five
--   warps_per_sm    as recorded
--   blocks_per_sm   as recorded
--   priority        priority of the stream
--   context_id      CUDA context
--   channel_id      hardware channel
SELECT
  file.trace_id,
  (file.trace_id::BIGINT << 32) + text.text_id AS text_id,
  owner.process_id,
  text.name,
  text.grid,
  text.block,
  text.occupancy_frac,
  text.warps_per_sm,
  text.blocks_per_sm,
  text.priority,
  text.context_id,
  text.channel_id
FROM kineto_text AS text
LEFT JOIN kineto_device_process AS owner ON text.pid = owner.pid
CROSS JOIN trace_file AS file
WHERE text.role = 'kernel' AND text.ph = 'X'
