-- work: the units of work that metrics add up: kernels, or operators in a trace without kernels.
--
-- Why:     a GPU trace is about its kernels, a CPU trace about its operators and a dry capture
--          about predicted operators, except those of the host, which launch nothing. With one
--          table, every metric works on every trace.
-- Grain:   one row per (trace_id, work_id): a kernel if the trace has kernels, else an operator
-- Inputs:  trace, kernel, cpu_op, cpu_op_parent
-- Texts:   time_source, name
-- Columns:
--   trace_id     trace.trace_id
--   work_id      kernel_id or op_id
--   time_source  'gpu' | 'cpu' | 'predicted': where the times come from
--   device_id    device.device_id; -1 for the host
--   stream_id    stream of a kernel; NULL for an operator
--   start_ns     ns from the trace's base
--   dur_ns       ns; self time for an operator, without the operators that it called
--   name         name of the kernel or operator
--   kernel_id    NULL for an operator
--   op_id        NULL for a kernel
-- Never:   WHERE dur_ns < 0 OR (kernel_id IS NULL) = (op_id IS NULL)
WITH gpu_trace AS (
  SELECT DISTINCT trace_id FROM kernel
),

host_trace AS (
  SELECT trace_id, if(predicted, 'predicted', 'cpu') AS time_source
  FROM trace
  WHERE trace_id NOT IN (SELECT gpu_trace.trace_id FROM gpu_trace)
),

-- GPU traces contribute no rows here
host_time AS (
  SELECT trace_id, op_id, self_ns
  FROM cpu_op_parent
  SEMI JOIN host_trace USING (trace_id)
)

SELECT
  trace_id,
  kernel_id AS work_id,
  'gpu' AS time_source,
  device_id,
  stream_id,
  start_ns,
  dur_ns,
  name,
  kernel_id,
  cast(NULL AS BIGINT) AS op_id
FROM kernel
UNION ALL
SELECT
  cpu_op.trace_id,
  cpu_op.op_id AS work_id,
  host_trace.time_source,
  -1 AS device_id,
  NULL AS stream_id,
  cpu_op.start_ns,
  host_time.self_ns AS dur_ns,
  cpu_op.name,
  NULL AS kernel_id,
  cpu_op.op_id
FROM cpu_op
INNER JOIN host_trace USING (trace_id)
INNER JOIN host_time USING (trace_id, op_id)
WHERE host_trace.time_source = 'cpu' OR cpu_op.external_id IS NOT NULL
