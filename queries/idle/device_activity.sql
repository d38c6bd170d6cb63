-- device_activity: every kernel, copy and fill, by what it is to its device.
--
-- Why:     what only moves data can hide behind what computes, and copies of pageable memory have a
--          fix of their own.
-- Grain:   one row per kernel or gpu_copy
-- Inputs:  kernel, gpu_copy, kernel_category
-- Kept:    view
-- Columns:
--   trace_id   trace.trace_id
--   device_id  device.device_id
--   layer      0 (a kernel that does not communicate) | 1 (one whose name has the category
--              communication) | 2 (a copy between pageable memory of the host and the device) |
--              3 (one of other host memory) | 4 (another copy) | 5 (a fill)
--   start_ns   ns from the trace's base
--   end_ns     ns
-- Never:   WHERE end_ns < start_ns
SELECT
  kernel.trace_id,
  kernel.device_id,
  if(kernel_category.category = 'communication', 1, 0) AS layer,
  kernel.start_ns,
  kernel.start_ns + kernel.dur_ns AS end_ns
FROM kernel
LEFT JOIN kernel_category USING (trace_id, name)
UNION ALL
SELECT
  trace_id,
  device_id,
  CASE
    WHEN kind = 'memset' THEN 5
    WHEN coalesce(kind NOT IN ('HtoD', 'DtoH'), TRUE) THEN 4
    WHEN host_memory = 'pageable' THEN 2
    ELSE 3
  END AS layer,
  start_ns,
  start_ns + dur_ns AS end_ns
FROM gpu_copy
