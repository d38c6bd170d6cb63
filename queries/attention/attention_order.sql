-- attention_order: softmax operators between two bmm, in a trace without shapes.
--
-- Why:     without shapes only the order of operators is known: bmm, softmax, bmm, with no other
--          product or convolution between them on the thread. A router's softmax follows a linear
--          layer, so it does not match. Lengths stay unknown.
-- Grain:   one row per softmax without shapes between two bmm on one thread
-- Inputs:  cpu_op
-- From:    cpu_op WHERE name = 'aten::_softmax' OR name = 'aten::_masked_softmax'
-- Columns:
--   trace_id       trace.trace_id
--   softmax_op_id  cpu_op.op_id
--   track          process and thread
--   start_ns       ns, start of the first product
--   end_ns         ns, end of the second product
WITH operation AS (
  SELECT
    trace_id,
    op_id,
    name,
    input_dims,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns,
    start_ns + dur_ns AS end_ns
  FROM cpu_op
  -- only operators that compute: bmm itself, not the matmul that called it
  WHERE name IN (
    'aten::bmm', 'aten::baddbmm', 'aten::_softmax', 'aten::_masked_softmax',
    'aten::mm', 'aten::addmm', 'aten::_convolution'
  )
),

ordered AS (
  SELECT
    *,
    lag(name) OVER in_order AS name_before,
    lag(start_ns) OVER in_order AS start_before_ns,
    lead(name) OVER in_order AS name_after,
    lead(end_ns) OVER in_order AS end_after_ns
  FROM operation
  WINDOW in_order AS (PARTITION BY trace_id, track ORDER BY start_ns, op_id)
)

SELECT
  trace_id,
  op_id AS softmax_op_id,
  track,
  start_before_ns AS start_ns,
  end_after_ns AS end_ns
FROM ordered
WHERE
  name IN ('aten::_softmax', 'aten::_masked_softmax')
  AND input_dims IS NULL
  AND name_before IN ('aten::bmm', 'aten::baddbmm')
  AND name_after IN ('aten::bmm', 'aten::baddbmm')
