-- cost_root: the operator that carries the cost of each operator's work.
--
-- Why:     aten::linear calls aten::addmm: one product, one cost. The innermost operator whose
--          shapes give a cost carries it: the shapes of an outer one can be missing (nested
--          tensors) or larger (DTensor), and under autocast casts run inside it.
-- Grain:   one row per cpu_op with work that is, or runs inside, a costed operator
-- Inputs:  work_op, operator_moment, cost_candidate, product_root, nesting, timeline
-- From:    cost_candidate
-- Columns:
--   trace_id              trace.trace_id
--   op_id                 cpu_op.op_id
--   cost_op_id            the innermost operator with a known cost around it, or itself; if there
--                         is none, the innermost one whose cost is unknown
--   signature_id          its cpu_op.signature_id
--   has_cost              false if operators inside cost_op_id carry its cost
--   product_op_id         see product_root; NULL outside products
--   product_signature_id  its cpu_op.signature_id
WITH costed AS (
  SELECT
    moment.*,
    cost_candidate.cost_rank,
    cost_candidate.is_known
  FROM cost_candidate
  INNER JOIN operator_moment AS moment USING (trace_id, op_id)
),

slice AS (
  SELECT
    trace_id,
    is_known,
    -- known and unknown costs nest apart from each other
    2 * root_op_id + is_known::INTEGER AS track,
    op_id AS slice_id,
    opened AS start_ns,
    greatest(closed - opened, 0) AS dur_ns,
    0 AS tie
  FROM costed
  WHERE opened IS NOT NULL AND closed IS NOT NULL
),

nested AS (
  FROM nesting('slice')
),

around AS (
  FROM timeline('nested')
),

emptied AS (
  SELECT DISTINCT nested.trace_id, nested.parent_id AS op_id
  FROM nested
  INNER JOIN costed AS inner_op
    ON nested.trace_id = inner_op.trace_id AND nested.slice_id = inner_op.op_id
  INNER JOIN costed AS outer_op
    ON nested.trace_id = outer_op.trace_id AND nested.parent_id = outer_op.op_id
  WHERE inner_op.is_known AND inner_op.cost_rank >= outer_op.cost_rank
),

op AS (
  SELECT
    trace_id,
    op_id,
    2 * root_op_id AS unknown_track,
    2 * root_op_id + 1 AS known_track,
    opened
  FROM operator_moment
  SEMI JOIN costed USING (trace_id, root_op_id)
  SEMI JOIN work_op USING (trace_id, op_id)
),

found AS (
  SELECT
    op.trace_id,
    op.op_id,
    coalesce(
      if(costed.is_known, costed.op_id, NULL), known.slice_id, costed.op_id, unknown.slice_id
    ) AS cost_op_id
  FROM op
  LEFT JOIN costed USING (trace_id, op_id)
  ASOF LEFT JOIN around AS known
    ON
      op.trace_id = known.trace_id
      AND op.known_track = known.track
      AND op.opened >= known.start_ns
  ASOF LEFT JOIN around AS unknown
    ON
      op.trace_id = unknown.trace_id
      AND op.unknown_track = unknown.track
      AND op.opened >= unknown.start_ns
)

SELECT
  found.trace_id,
  found.op_id,
  found.cost_op_id,
  cost.signature_id,
  emptied.op_id IS NULL AS has_cost,
  product_root.product_op_id,
  product.signature_id AS product_signature_id
FROM found
INNER JOIN cost_candidate AS cost
  ON found.trace_id = cost.trace_id AND found.cost_op_id = cost.op_id
LEFT JOIN product_root
  ON found.trace_id = product_root.trace_id AND found.op_id = product_root.op_id
LEFT JOIN cost_candidate AS product
  ON found.trace_id = product.trace_id AND product_root.product_op_id = product.op_id
LEFT JOIN emptied ON found.trace_id = emptied.trace_id AND found.cost_op_id = emptied.op_id
