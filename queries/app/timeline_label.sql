-- timeline_label: every name that a trace's timeline shows, with a number.
--
-- Why:     millions of slices have few thousand names, so slices carry numbers.
-- Grain:   one row per name
-- Inputs:  work, cpu_op, runtime_call, gpu_copy, annotation, work_component, work_step,
--          work_category, work_attention, work_module, work_op
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   label_id  number within the trace, from 0, in order of the names
--   name      name of a kernel, operator, call, copy, range or module, or a lane's value
WITH named AS (
  SELECT name
  FROM work
  WHERE trace_id = of_trace
  UNION
  SELECT name
  FROM cpu_op
  WHERE trace_id = of_trace
  UNION
  SELECT name
  FROM runtime_call
  WHERE trace_id = of_trace
  UNION
  SELECT name
  FROM gpu_copy
  WHERE trace_id = of_trace
  UNION
  SELECT name
  FROM annotation
  WHERE trace_id = of_trace
  UNION
  SELECT module AS name
  FROM work_module
  WHERE trace_id = of_trace
  UNION
  SELECT op_name AS name
  FROM work_op
  WHERE trace_id = of_trace
  UNION
  SELECT component AS name
  FROM work_component
  WHERE trace_id = of_trace
  UNION
  SELECT cast(step AS VARCHAR) AS name
  FROM work_step
  WHERE trace_id = of_trace
  UNION
  SELECT category AS name
  FROM work_category
  WHERE trace_id = of_trace
  UNION
  SELECT attention_kind AS name
  FROM work_attention
  WHERE trace_id = of_trace
)

SELECT
  cast(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS label_id,
  name
FROM named
WHERE name IS NOT NULL
ORDER BY label_id
