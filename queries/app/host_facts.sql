-- host_facts: what is known of an operator, a call or a range, and the work it asked for.
--
-- Why:     the length of a range on the host says little; what the device did for it says more.
-- Grain:   one row
-- Inputs:  cpu_op, cpu_op_parent, runtime_call, annotation, kernel_launch, kernel
-- Params:
--   of_trace BIGINT = 1      trace.trace_id
--   of_kind VARCHAR = 'call'  'operator' | 'call' | 'range'
--   of_id BIGINT = 1         op_id, call_id or annotation_id
-- Columns:
--   name           as recorded
--   start_ns       ns from the trace's base
--   dur_ns         ns
--   self_ns        ns in which an operator was the innermost; NULL for calls and ranges
--   process_id     process
--   thread_id      thread
--   input_dims     shapes of an operator
--   input_types    types of an operator
--   kind           kind of a range
--   args           fields of a range
--   kernel_count   kernels that the host launched on its thread while it ran
--   kernel_ns      ns, sum of those kernels
--   first_work_id  the first of them
WITH me AS (
  SELECT
    name,
    start_ns,
    dur_ns,
    self_ns,
    process_id,
    thread_id,
    input_dims,
    input_types,
    NULL::VARCHAR AS kind,
    NULL::VARCHAR AS args
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  WHERE of_kind = 'operator' AND trace_id = of_trace AND op_id = of_id
  UNION ALL BY NAME
  SELECT
    name,
    start_ns,
    dur_ns,
    process_id,
    thread_id
  FROM runtime_call
  WHERE of_kind = 'call' AND trace_id = of_trace AND call_id = of_id
  UNION ALL BY NAME
  SELECT
    name,
    start_ns,
    dur_ns,
    process_id,
    thread_id,
    kind,
    cast(args AS VARCHAR) AS args
  FROM annotation
  WHERE of_kind = 'range' AND trace_id = of_trace AND annotation_id = of_id
),

launched AS (
  SELECT
    kernel.kernel_id,
    kernel.dur_ns,
    kernel.start_ns
  FROM me
  INNER JOIN runtime_call AS call
    ON
      me.process_id = call.process_id
      AND me.thread_id = call.thread_id
      AND me.start_ns <= call.start_ns
      AND me.start_ns + me.dur_ns >= call.start_ns
  INNER JOIN kernel_launch AS launch USING (trace_id, call_id)
  INNER JOIN kernel USING (trace_id, kernel_id)
  WHERE call.trace_id = of_trace
)

SELECT
  me.*,
  (SELECT count(*) FROM launched) AS kernel_count,
  (SELECT cast(sum(dur_ns) AS BIGINT) FROM launched) AS kernel_ns,
  (SELECT arg_min(kernel_id, start_ns) FROM launched) AS first_work_id
FROM me
