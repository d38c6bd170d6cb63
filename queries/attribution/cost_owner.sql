-- cost_owner: the operator that carries the cost of each operator's work.
--
-- Why:     aten::linear calls aten::addmm, aten::convolution calls cudnn: one call, one cost.
--          Costed operators inside a costed one are left out, so the owners never overlap and
--          each operator finds its owner by its start alone.
-- Grain:   one row per cpu_op that is, or runs inside, a costed operator
-- Inputs:  cpu_op, cpu_op_parent, costed_operator
-- Columns:
--   trace_id     trace.trace_id
--   op_id        cpu_op.op_id
--   owner_op_id  the outermost costed operator around it, itself included
WITH costed AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.process_id,
    cpu_op.thread_id,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    cpu_op_parent.depth
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  INNER JOIN costed_operator ON split_part(cpu_op.name, '.', 1) = costed_operator.op_name
  WHERE cpu_op.input_dims IS NOT NULL
),

reached AS (
  SELECT
    *,
    max(start_ns + dur_ns) OVER (
      PARTITION BY trace_id, process_id, thread_id
      ORDER BY start_ns, depth, op_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS earlier_end_ns
  FROM costed
),

owner AS (
  SELECT *
  FROM reached
  WHERE earlier_end_ns IS NULL OR start_ns >= earlier_end_ns
),

ordered AS (
  -- one clock for all: an owner opens at its start, ahead of the operators inside it
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    last_value(owner.op_id IGNORE NULLS) OVER earlier AS owner_op_id,
    last_value(owner.start_ns + owner.dur_ns IGNORE NULLS) OVER earlier AS owner_end_ns,
    last_value(owner.depth IGNORE NULLS) OVER earlier AS owner_depth,
    cpu_op_parent.depth
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  LEFT JOIN owner USING (trace_id, op_id)
  WINDOW earlier AS (
    PARTITION BY cpu_op.trace_id, cpu_op.process_id, cpu_op.thread_id
    ORDER BY cpu_op.start_ns, cpu_op_parent.depth, cpu_op.op_id
  )
)

SELECT
  trace_id,
  op_id,
  owner_op_id
FROM ordered
WHERE
  owner_op_id = op_id
  OR (depth > owner_depth AND start_ns + dur_ns <= owner_end_ns)
