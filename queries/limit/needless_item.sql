-- needless_item: each work item of needless_group, by its place.
--
-- Why:     a saving must lead to the kernels that it is made of.
-- Grain:   one row per (trace_id, work_id) of such work
-- Inputs:  needless_group, work, work_phase, work_attention, work_op, work_component, work_module,
--          work_step
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
--   lost_ns    ns, its duration
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH sort AS (
  SELECT DISTINCT trace_id, name, pass, role, kind FROM needless_group
),

item AS (
  SELECT trace_id, work_id, work.device_id, work.dur_ns, sort.kind
  FROM sort
  INNER JOIN work USING (trace_id, name)
  INNER JOIN work_phase USING (trace_id, work_id, pass)
  INNER JOIN work_attention USING (trace_id, work_id, role)
)

SELECT
  trace_id,
  item.kind,
  coalesce(nullif(nullif(work_component.component, 'unattributed'), ''), 'all') AS place,
  item.device_id,
  work_id AS unit_id,
  work_id,
  nullif(work_component.component, 'unattributed') AS component,
  nullif(work_module.module, 'unattributed') AS module,
  work_step.step,
  nullif(work_op.op_name, 'unattributed') AS op_name,
  item.dur_ns AS lost_ns
FROM item
INNER JOIN work_op USING (trace_id, work_id)
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_module USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
