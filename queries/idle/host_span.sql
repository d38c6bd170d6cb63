-- host_span: the operators, calls and waits of a process, which cover its time.
--
-- Why:     what covers none of a range of the program was Python, NumPy or a file.
-- Grain:   one row per call, one more if it waited, and one per outermost operator, or those inside
--          it if it is a range that a writer lists among operators
-- Inputs:  cpu_op, cpu_op_parent, runtime_call, waiting_call
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  process, as text
--   waits       true for a wait for a device
--   start_ns    ns from the trace's base
--   end_ns      ns
-- Never:   WHERE end_ns < start_ns
WITH listed_range AS (
  -- some writers list these ranges as operators, but Python runs inside
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
)

SELECT
  cpu_op.trace_id,
  cpu_op.process_id,
  FALSE AS waits,
  cpu_op.start_ns,
  outer_op.end_ns
FROM cpu_op
INNER JOIN outer_op USING (trace_id, op_id)
ANTI JOIN listed_range USING (trace_id, op_id)
UNION ALL
SELECT trace_id, process_id, FALSE AS waits, start_ns, start_ns + dur_ns AS end_ns
FROM runtime_call
UNION ALL
SELECT
  trace_id,
  call.process_id,
  TRUE AS waits,
  call.start_ns,
  call.start_ns + call.dur_ns AS end_ns
FROM waiting_call AS waiting
INNER JOIN runtime_call AS call USING (trace_id, call_id)
WHERE waiting.kind IN ('explicit', 'copy')
