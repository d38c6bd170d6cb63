-- cost_root: the operator that carries the cost of each operator's work.
--
-- Why:     aten::linear calls aten::addmm, and aten::convolution calls cuDNN: one call, one cost.
--          Costed operators inside a costed one are left out, so the costed ones never overlap and
--          each operator finds its own by start time alone.
-- Grain:   one row per cpu_op that is, or runs inside, a costed operator
-- Inputs:  cpu_op, cpu_op_parent, costed_operator
-- Columns:
--   trace_id    trace.trace_id
--   op_id       cpu_op.op_id
--   cost_op_id  the outermost costed operator around it, or the operator itself
WITH costed AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.start_ns,
    cpu_op.dur_ns,
    cpu_op_parent.root_op_id,
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
      PARTITION BY trace_id, root_op_id
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

reached_by AS (
  -- of operators with the same start, only those deeper than the costed one are inside it
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op.start_ns + cpu_op.dur_ns AS end_ns,
    cpu_op_parent.depth,
    owner.op_id AS cost_op_id,
    owner.start_ns + owner.dur_ns AS owner_end_ns,
    owner.depth AS owner_depth
  FROM cpu_op_parent
  INNER JOIN cpu_op USING (trace_id, op_id)
  ASOF INNER JOIN owner
    ON
      cpu_op_parent.trace_id = owner.trace_id
      AND cpu_op_parent.root_op_id = owner.root_op_id
      AND cpu_op.start_ns >= owner.start_ns
)

SELECT
  trace_id,
  op_id,
  cost_op_id
FROM reached_by
WHERE
  cost_op_id = op_id
  OR (depth > owner_depth AND end_ns <= owner_end_ns)
