-- timeline_value: what one lane of a trace's timeline shows of each work item.
--
-- Why:     lanes show what only genscope knows, such as the step. Read one by one, since a picture
--          doesn't need all of them.
-- Grain:   one row per work item with a value
-- Inputs:  timeline_label, work_component, work_step, work_category, work_attention, work_module,
--          work_op
-- Params:
--   of_trace BIGINT = 1           trace.trace_id
--   of_lane VARCHAR = 'category'  component, step, category, attention, module or operator
-- Columns:
--   work_id   work.work_id
--   label_id  timeline_label.label_id of the value
WITH value AS (
  SELECT
    work_id,
    component AS name
  FROM work_component
  WHERE of_lane = 'component' AND trace_id = of_trace
  UNION ALL
  SELECT
    work_id,
    cast(step AS VARCHAR) AS name
  FROM work_step
  WHERE of_lane = 'step' AND trace_id = of_trace
  UNION ALL
  SELECT
    work_id,
    category AS name
  FROM work_category
  WHERE of_lane = 'category' AND trace_id = of_trace
  UNION ALL
  SELECT
    work_id,
    attention_kind AS name
  FROM work_attention
  WHERE of_lane = 'attention' AND trace_id = of_trace AND attention_kind <> 'none'
  UNION ALL
  SELECT
    work_id,
    module AS name
  FROM work_module
  WHERE of_lane = 'module' AND trace_id = of_trace
  UNION ALL
  SELECT
    work_id,
    op_name AS name
  FROM work_op
  WHERE of_lane = 'operator' AND trace_id = of_trace
)

SELECT
  cast(value.work_id AS INTEGER) AS work_id,
  label.label_id
FROM value
INNER JOIN timeline_label AS label USING (name)
