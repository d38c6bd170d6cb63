-- attention_annotation: the attention calls of a trace, numbered, with the ranges around each.
--
-- Why:     a call's component, step, module and kind come from the labels and module frames that
--          were open when it was requested. In a trace with kernels, a range without kernels is not
--          a call: its kernels were captured into a graph and appear where the graph runs.
-- Grain:   one row per attention call
-- Inputs:  attention_range, attention_core, annotation_timeline, work, work_annotation
-- From:    attention_range, attention_core
-- Columns:
--   trace_id           trace.trace_id
--   attention_call_id  from 1: ranges first, then calls known only by a kernel's name
--   range_id           attention_range.range_id; NULL if the call is known only by a kernel's name
--   lead_work_id       the kernel whose name shows the call; NULL if a range shows it
--   start_ns           ns, start of the range or the kernel
--   component_id       annotation_id, see annotation_timeline; NULL if no such range surrounds the
--                      call
--   step_id            annotation_id or NULL, as component_id
--   module_id          annotation_id or NULL, as component_id
--   attention_id       annotation_id or NULL, as component_id
--   python_module_id   annotation_id or NULL, as component_id
--   python_root_id     annotation_id or NULL, as component_id
--   profiler_step_id   annotation_id or NULL, as component_id
--   user_id            annotation_id or NULL, as component_id
--   user_root_id       annotation_id or NULL, as component_id
WITH gpu_trace AS (
  SELECT DISTINCT trace_id FROM work
  WHERE time_source = 'gpu'
),

executed AS (
  SELECT attention_range.trace_id, attention_range.range_id
  FROM attention_range
  ANTI JOIN gpu_trace USING (trace_id)
  UNION ALL
  SELECT DISTINCT trace_id, range_id
  FROM attention_core
  WHERE range_id IS NOT NULL
),

call AS (
  SELECT
    attention_range.trace_id,
    attention_range.range_id,
    cast(NULL AS BIGINT) AS lead_work_id,
    attention_range.start_ns,
    around.component_id,
    around.step_id,
    around.module_id,
    around.attention_id,
    around.python_module_id,
    around.python_root_id,
    around.profiler_step_id,
    around.user_id,
    around.user_root_id
  FROM attention_range
  SEMI JOIN executed USING (trace_id, range_id)
  ASOF LEFT JOIN annotation_timeline AS around
    ON
      attention_range.trace_id = around.trace_id
      AND attention_range.track = around.track
      AND attention_range.start_ns >= around.start_ns
  UNION ALL
  SELECT
    member.trace_id,
    NULL AS range_id,
    member.lead_work_id,
    work.start_ns,
    around.component_id,
    around.step_id,
    around.module_id,
    around.attention_id,
    around.python_module_id,
    around.python_root_id,
    around.profiler_step_id,
    around.user_id,
    around.user_root_id
  FROM attention_core AS member
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN work_annotation AS around USING (trace_id, work_id)
  WHERE member.lead_work_id = member.work_id
)

SELECT
  trace_id,
  row_number() OVER (
    PARTITION BY trace_id ORDER BY range_id NULLS LAST, start_ns, lead_work_id
  ) AS attention_call_id,
  range_id,
  lead_work_id,
  start_ns,
  component_id,
  step_id,
  module_id,
  attention_id,
  python_module_id,
  python_root_id,
  profiler_step_id,
  user_id,
  user_root_id
FROM call
