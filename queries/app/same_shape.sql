-- same_shape: the calls of the same kernel for the same operator with the same shapes.
--
-- Why:     a kernel that is slower than its equals was disturbed; one that is as slow is slow.
-- Grain:   one row
-- Inputs:  work, work_op, cpu_op
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
--   of_work BIGINT = 1   work.work_id
-- Columns:
--   work_count  work items
--   work_ns     ns, sum
--   min_ns      ns
--   median_ns   ns
--   max_ns      ns
--   rank        place of this one by length, 1 for the longest
--   previous_id  work_id of the one before it in time; NULL for the first
--   next_id     work_id of the one after it; NULL for the last
WITH me AS (
  SELECT
    work.name,
    work.start_ns,
    work.dur_ns,
    cpu_op.name AS op_name,
    cpu_op.input_dims
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
  WHERE work.trace_id = of_trace AND work.work_id = of_work
),

-- the name first: it leaves few items to look up
named AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.start_ns,
    work.dur_ns
  FROM work
  INNER JOIN me ON work.name = me.name
  WHERE work.trace_id = of_trace
),

equal AS (
  SELECT
    named.work_id,
    named.start_ns,
    named.dur_ns
  FROM named
  INNER JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cpu_op ON work_op.trace_id = cpu_op.trace_id AND work_op.op_id = cpu_op.op_id
  INNER JOIN me
    ON
      coalesce(cpu_op.name, '') = coalesce(me.op_name, '')
      AND coalesce(cpu_op.input_dims, '') = coalesce(me.input_dims, '')
)

SELECT
  count(*) AS work_count,
  cast(sum(equal.dur_ns) AS BIGINT) AS work_ns,
  min(equal.dur_ns) AS min_ns,
  cast(median(equal.dur_ns) AS BIGINT) AS median_ns,
  max(equal.dur_ns) AS max_ns,
  count(*) FILTER (equal.dur_ns > me.dur_ns) + 1 AS rank,
  arg_max(equal.work_id, equal.start_ns) FILTER (equal.start_ns < me.start_ns) AS previous_id,
  arg_min(equal.work_id, equal.start_ns) FILTER (equal.start_ns > me.start_ns) AS next_id
FROM equal
CROSS JOIN me
