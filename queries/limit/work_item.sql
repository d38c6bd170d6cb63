-- work_item: each item of lost work, with the place in the program and what it computes.
--
-- Why:     work of one kind adds up where one change would shorten it: in one component, and for
--          attention and products with one shape.
-- Grain:   one row per lost_work
-- Inputs:  lost_work, lost_place
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   kind          see lost_work
--   place         see lost_place, as component, module, op_name and detail
--   device_id     see lost_work
--   component     see work_component; NULL if unknown
--   module        see work_module; NULL if unknown
--   step          see work_step
--   op_name       operator that requested the work; of a product, the one with its cost
--   detail        shape of the attention call or of the product; NULL for other kinds
--   unit_id       what is counted: the attention call, the product, else the work item
--   is_predicted  see lost_work
--   lost_ns       see lost_work, as the other columns
--   kept_low_ns   ns
--   kept_ns       ns
--   kept_high_ns  ns
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
WITH lost AS (
  FROM lost_work
)

SELECT
  trace_id,
  work_id,
  kind,
  place,
  device_id,
  component,
  module,
  step,
  op_name,
  detail,
  coalesce(attention_call_id, cost_op_id, work_id) AS unit_id,
  is_predicted,
  lost_ns,
  kept_low_ns,
  kept_ns,
  kept_high_ns
FROM lost_place('lost')
