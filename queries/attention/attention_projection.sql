-- attention_projection: the linear operators on a thread since the attention call before.
--
-- Why:     the last ones before a call made its queries, keys and values. How many rows they had
--          shows whether keys come from the same sequence as the queries.
-- Grain:   one row per linear operator with shapes that an attention call follows on its thread
-- Inputs:  attention_range, cpu_op
-- From:    attention_range
-- Columns:
--   trace_id      trace.trace_id
--   range_id      attention_range.range_id of the call that follows
--   op_id         cpu_op.op_id
--   place         1 for the last one before the call, 2 for the one before it
--   track         process and thread
--   start_ns      ns
--   row_count     rows
--   row_width     elements of a row before the operator
--   output_count  elements of the result
-- Never:   GROUP BY trace_id, op_id HAVING count(*) > 1
WITH linear AS (
  SELECT
    trace_id,
    op_id,
    name,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    input_dims
  FROM cpu_op
  WHERE name IN ('aten::addmm', 'aten::mm', 'aten::_scaled_mm', 'aten::_scaled_mm_v2')
),

signature AS (
  SELECT DISTINCT name, input_dims FROM linear
),

-- a trace has few shapes, so each is parsed once; addmm(bias, rows, weight), but mm(rows, weight)
shaped AS (
  SELECT
    name,
    input_dims,
    try_cast(try(json_extract(
      input_dims, if(name = 'aten::addmm', '$[1]', '$[0]')
    )) AS BIGINT[]) AS rows_shape,
    try_cast(try(json_extract(
      input_dims, if(name = 'aten::addmm', '$[2]', '$[1]')
    )) AS BIGINT[]) AS weight_shape
  FROM signature
)

SELECT
  linear.trace_id,
  call.range_id,
  linear.op_id,
  row_number() OVER (
    PARTITION BY linear.trace_id, call.range_id ORDER BY linear.start_ns DESC, linear.op_id DESC
  ) AS place,
  linear.track,
  linear.start_ns,
  shaped.rows_shape[1] AS row_count,
  shaped.rows_shape[2] AS row_width,
  try(shaped.rows_shape[1] * shaped.weight_shape[2]) AS output_count
FROM linear
INNER JOIN shaped USING (name, input_dims)
ASOF INNER JOIN attention_range AS call
  ON
    linear.trace_id = call.trace_id
    AND linear.track = call.track
    AND linear.start_ns < call.start_ns
WHERE
  len(shaped.rows_shape) = 2
  AND len(shaped.weight_shape) = 2
  AND shaped.rows_shape[1] > 0
