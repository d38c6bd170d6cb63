-- work_item: each item of lost work, with the place in the program and what it computes.
--
-- Why:     work of one kind adds up where one change would shorten it: in one component, and for
--          attention and products with one shape.
-- Grain:   one row per lost_work
-- Inputs:  lost_work, costed_call, work_group, attention_call
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   kind          see lost_work
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
WITH lost AS MATERIALIZED (
  FROM lost_work
),

call AS (
  SELECT
    trace_id,
    attention_call_id,
    concat_ws(
      ', ', attention_kind,
      format('{:,} queries by {:,} keys', query_len, kv_len),
      'head size ' || head_dim,
      dtype
    ) AS detail
  FROM attention_call
  SEMI JOIN lost USING (trace_id, attention_call_id)
)

SELECT
  trace_id,
  work_id,
  lost.kind,
  lost.device_id,
  nullif(work_group.component, 'unattributed') AS component,
  nullif(work_group.module, 'unattributed') AS module,
  lost.step,
  coalesce(product.name, nullif(work_group.op_name, 'unattributed')) AS op_name,
  coalesce(call.detail, product.input_dims) AS detail,
  coalesce(lost.attention_call_id, lost.cost_op_id, work_id) AS unit_id,
  lost.is_predicted,
  lost.lost_ns,
  lost.kept_low_ns,
  lost.kept_ns,
  lost.kept_high_ns
FROM lost
INNER JOIN work_group USING (trace_id, first_work_id)
LEFT JOIN call USING (trace_id, attention_call_id)
LEFT JOIN costed_call AS product USING (trace_id, signature_id)
