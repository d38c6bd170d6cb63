-- host_stretch: when a process ran operators or calls, when it waited, and how long before.
--
-- Why:     with the time before each stretch, two look-ups give the covered time within any range.
-- Grain:   one row per (trace_id, process_id, cover, start_ns), a maximal stretch; only processes
--          that recorded operators, and no dry run, whose times are those of kernels
-- Inputs:  trace, cpu_op, cpu_op_parent, runtime_call, waiting_call, interval_stretch
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  process, as text
--   cover       'wait' (a thread waited for a device) | 'any' (that, or one ran an operator or a
--               call)
--   start_ns    ns from the trace's base
--   end_ns      ns
--   before_ns   ns covered before start_ns
-- Never:   WHERE end_ns < start_ns OR before_ns < 0
WITH measured AS (
  SELECT DISTINCT cpu_op.trace_id, cpu_op.process_id
  FROM cpu_op
  INNER JOIN trace USING (trace_id)
  WHERE NOT trace.predicted
),

-- some writers list these ranges as operators, but Python runs inside
listed_range AS (
  SELECT trace_id, op_id FROM cpu_op
  WHERE
    starts_with(name, 'ProfilerStep#')
    OR starts_with(name, 'Optimizer.')
    OR starts_with(name, 'enumerate(DataLoader)')
),

-- the union of all operators is that of the outermost ones, but for those ranges
outer_op AS (
  SELECT trace_id, op_id, end_ns FROM cpu_op_parent
  WHERE depth = 0
  UNION ALL
  SELECT parent.trace_id, parent.op_id, parent.end_ns FROM cpu_op_parent AS parent
  INNER JOIN listed_range AS root
    ON parent.trace_id = root.trace_id AND parent.root_op_id = root.op_id
  WHERE parent.depth > 0
),

operator AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.process_id,
    cpu_op.start_ns,
    outer_op.end_ns
  FROM cpu_op
  INNER JOIN outer_op USING (trace_id, op_id)
  ANTI JOIN listed_range USING (trace_id, op_id)
),

call AS (
  SELECT
    call.trace_id,
    call.process_id,
    call.start_ns,
    call.start_ns + call.dur_ns AS end_ns,
    waiting.call_id IS NOT NULL AS waits
  FROM runtime_call AS call
  SEMI JOIN measured USING (trace_id, process_id)
  LEFT JOIN waiting_call AS waiting
    ON
      call.trace_id = waiting.trace_id
      AND call.call_id = waiting.call_id
      AND waiting.kind IN ('explicit', 'copy')
),

covering AS (
  SELECT trace_id, concat('any ', process_id) AS track, start_ns, end_ns FROM operator
  SEMI JOIN measured USING (trace_id, process_id)
  UNION ALL
  SELECT trace_id, concat('any ', process_id) AS track, start_ns, end_ns FROM call
  UNION ALL
  SELECT trace_id, concat('wait ', process_id) AS track, start_ns, end_ns FROM call
  WHERE waits
)

SELECT
  trace_id,
  substr(track, strpos(track, ' ') + 1) AS process_id,
  split_part(track, ' ', 1) AS cover,
  start_ns,
  end_ns,
  before_ns
FROM interval_stretch('covering')
