-- cpu_op_parent: the operator that called each operator.
--
-- Why:     a trace records when operators ran, not which one called which. Time and cost must not
--          be counted once per operator of a call chain.
-- Grain:   one row per (trace_id, op_id) of cpu_op
-- Inputs:  cpu_op, nesting
-- Columns:
--   trace_id      trace.trace_id
--   op_id         cpu_op.op_id
--   parent_op_id  innermost operator around it on its thread; NULL if there is none
--   root_op_id    outermost operator around it; itself if there is none
--   depth         number of operators around it
--   end_ns        ns, its end, or where the stack closes it if operators overlap partly
--   self_ns       ns in which it was the innermost operator of its thread; the sum is the union
-- Never:   WHERE self_ns < 0 OR (depth = 0) <> (parent_op_id IS NULL) OR root_op_id IS NULL
WITH slice AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    op_id AS slice_id,
    start_ns,
    dur_ns,
    -- Kineto's External ids increase in order of start
    coalesce(external_id, 0) AS tie
  FROM cpu_op
),

nested AS (
  FROM nesting('slice')
),

called AS (
  SELECT
    trace_id,
    parent_id,
    sum(end_ns - start_ns) AS called_ns
  FROM nested
  WHERE parent_id IS NOT NULL
  GROUP BY trace_id, parent_id
)

SELECT
  nested.trace_id,
  nested.slice_id AS op_id,
  nested.parent_id AS parent_op_id,
  nested.root_id AS root_op_id,
  nested.depth,
  nested.end_ns,
  try_cast(nested.end_ns - nested.start_ns - coalesce(called.called_ns, 0) AS BIGINT) AS self_ns
FROM nested
LEFT JOIN called ON nested.trace_id = called.trace_id AND nested.slice_id = called.parent_id
