-- needless_item: each work item of needless_group, by its place.
--
-- Why:     a saving must lead to the kernels that it is made of.
-- Grain:   one row per (trace_id, work_id) of such work
-- Inputs:  needless_group, grouped_work, idle_gap, limit_constant
-- Kept:    view
-- Columns:
--   trace_id   trace.trace_id
--   kind       see needless_group
--   place      component; 'all' if unknown
--   device_id  work.device_id
--   unit_id    the work item
--   work_id    work.work_id
--   component  see work_component; NULL if unknown
--   module     see work_module; NULL if unknown
--   step       see work_step; NULL if unknown
--   op_name    operator that requested it; NULL if unknown
--   lost_ns    ns, its duration, and idle time of the device before it as in needless_group
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
SELECT
  trace_id,
  needless_group.kind,
  coalesce(nullif(needless_group.component, ''), 'all') AS place,
  needless_group.device_id,
  grouped_work.work_id AS unit_id,
  grouped_work.work_id,
  needless_group.component,
  needless_group.module,
  grouped_work.step,
  needless_group.op_name,
  grouped_work.dur_ns
  + least(coalesce(idle_gap.device_ns, 0), limit_constant.queued_gap_high_ns) AS lost_ns
FROM needless_group
INNER JOIN grouped_work USING (trace_id, first_work_id)
CROSS JOIN limit_constant
LEFT JOIN idle_gap
  ON grouped_work.trace_id = idle_gap.trace_id AND grouped_work.work_id = idle_gap.kernel_id
