-- timeline_work: each work item with its name and its lanes' values as numbers of timeline_label.
--
-- Why:     lanes and streams are both drawn from it, and joining on numbers is fast.
-- Grain:   one row per work_id of the trace
-- Inputs:  work, work_component, work_step, work_category, work_attention, work_module, work_op,
--          timeline_label
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   trace_id      trace.trace_id
--   work_id       work.work_id
--   device_id     work.device_id; -1 for the host
--   stream_id     work.stream_id; -1 for an operator
--   start_ns      ns from the trace's base
--   end_ns        ns
--   label_id      of the name
--   component_id  label of the component
--   step_id       label of the step; NULL without one
--   category_id   label of the category
--   kind_id       label of the kind of attention; NULL outside attention
--   module_id     label of the module
--   operator_id   label of the innermost operator
--   colour        place of the category in the list below, from 0; 8 for one that is not in it
WITH label AS (
  SELECT
    label_id,
    name
  FROM timeline_label
  WHERE trace_id = of_trace
),

component AS (
  SELECT
    work_id,
    label_id
  FROM work_component INNER JOIN label ON component = name
  WHERE trace_id = of_trace
),

step AS (
  SELECT
    work_id,
    label_id
  FROM work_step INNER JOIN label ON cast(step AS VARCHAR) = name
  WHERE trace_id = of_trace
),

category AS (
  SELECT
    work_id,
    label_id,
    coalesce(
      list_position(
        [
          'attention', 'linear', 'convolution', 'group_norm', 'normalization', 'softmax',
          'elementwise', 'quantization', 'other', 'unclassified'
        ],
        category
      ),
      9
    ) - 1 AS colour
  FROM work_category INNER JOIN label ON category = name
  WHERE trace_id = of_trace
),

module AS (
  SELECT
    work_id,
    label_id
  FROM work_module INNER JOIN label ON module = name
  WHERE trace_id = of_trace
),

operator AS (
  SELECT
    work_id,
    label_id
  FROM work_op INNER JOIN label ON op_name = name
  WHERE trace_id = of_trace
),

kind AS (
  SELECT
    work_id,
    label_id
  FROM work_attention INNER JOIN label ON attention_kind = name
  WHERE trace_id = of_trace AND attention_kind <> 'none'
)

SELECT
  work.trace_id,
  work.work_id,
  coalesce(work.device_id, -1) AS device_id,
  coalesce(work.stream_id, -1) AS stream_id,
  work.start_ns,
  -- a slice without length could be neither drawn nor hit
  work.start_ns + greatest(work.dur_ns, 1) AS end_ns,
  label.label_id,
  component.label_id AS component_id,
  step.label_id AS step_id,
  category.label_id AS category_id,
  kind.label_id AS kind_id,
  module.label_id AS module_id,
  operator.label_id AS operator_id,
  cast(coalesce(category.colour, 9) AS UTINYINT) AS colour
FROM work
INNER JOIN label USING (name)
LEFT JOIN component USING (work_id)
LEFT JOIN step USING (work_id)
LEFT JOIN category USING (work_id)
LEFT JOIN kind USING (work_id)
LEFT JOIN module USING (work_id)
LEFT JOIN operator USING (work_id)
WHERE work.trace_id = of_trace AND work.start_ns IS NOT NULL
ORDER BY device_id, work.start_ns, work.work_id
