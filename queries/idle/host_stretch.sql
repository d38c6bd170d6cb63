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
WITH measured AS MATERIALIZED (
  -- numbers are faster to sort than texts
  SELECT
    trace_id,
    cpu_op.process_id,
    row_number() OVER (ORDER BY trace_id, cpu_op.process_id) AS number
  FROM cpu_op
  INNER JOIN trace USING (trace_id)
  WHERE NOT trace.predicted
  GROUP BY trace_id, cpu_op.process_id
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
  SELECT trace_id, process_id, 0 AS cover, start_ns, start_ns + dur_ns AS end_ns FROM runtime_call
  UNION ALL
  SELECT trace_id, call.process_id, 1 AS cover, call.start_ns, call.start_ns + call.dur_ns AS end_ns
  FROM waiting_call AS waiting
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  WHERE waiting.kind IN ('explicit', 'copy')
),

covering AS (
  SELECT trace_id, 2 * measured.number AS track, operator.start_ns, operator.end_ns FROM operator
  INNER JOIN measured USING (trace_id, process_id)
  UNION ALL
  SELECT trace_id, 2 * measured.number + call.cover AS track, call.start_ns, call.end_ns FROM call
  INNER JOIN measured USING (trace_id, process_id)
)

SELECT
  stretch.trace_id,
  measured.process_id,
  if(stretch.track % 2 = 1, 'wait', 'any') AS cover,
  stretch.start_ns,
  stretch.end_ns,
  stretch.before_ns
FROM interval_stretch('covering') AS stretch
INNER JOIN measured ON stretch.track // 2 = measured.number
