-- backward_call: the forward operator of each backward one.
--
-- Why:     backward work runs on autograd's thread, outside all modules, and belongs to the module
--          of its forward operator. Adding up a gradient has no number of its own: it runs at once
--          after the operator that made the gradient, and belongs with it.
-- Grain:   one row per cpu_op of a backward pass whose forward operator was recorded
-- Inputs:  cpu_op, forward_thread
-- From:    forward_thread
-- Texts:   forward_track
-- Columns:
--   trace_id           trace.trace_id
--   op_id              cpu_op.op_id
--   forward_track      process and thread of the forward operator
--   forward_called_ns  ns, start of the forward operator
--   is_accumulation    true if the operator adds up a gradient, and has no number of its own
-- Never:   GROUP BY trace_id, op_id HAVING count(*) > 1
WITH numbered AS (
  SELECT
    trace_id,
    op_id,
    process_id,
    thread_id,
    start_ns,
    sequence_number,
    forward_thread_id
  FROM cpu_op
  WHERE forward_thread_id > 0 AND sequence_number >= 0
),

-- of those that start at one moment, the last one
begun AS (
  SELECT
    trace_id,
    process_id,
    thread_id,
    start_ns,
    arg_max(sequence_number, op_id) AS sequence_number,
    arg_max(forward_thread_id, op_id) AS forward_thread_id
  FROM numbered
  GROUP BY trace_id, process_id, thread_id, start_ns
),

accumulation AS (
  SELECT
    trace_id,
    op_id,
    process_id,
    thread_id,
    start_ns
  FROM cpu_op
  WHERE
    ends_with(name, 'AccumulateGrad')
    -- one that has a number is in the list already
    AND NOT coalesce(forward_thread_id > 0 AND sequence_number >= 0, FALSE)
    -- an ASOF join takes two unknown threads for one
    AND process_id IS NOT NULL
    AND thread_id IS NOT NULL
),

backward AS (
  SELECT
    *,
    FALSE AS is_accumulation
  FROM numbered
  UNION ALL
  SELECT
    accumulation.*,
    begun.sequence_number,
    begun.forward_thread_id,
    TRUE AS is_accumulation
  FROM accumulation
  ASOF INNER JOIN begun
    ON
      accumulation.trace_id = begun.trace_id
      AND accumulation.process_id = begun.process_id
      AND accumulation.thread_id = begun.thread_id
      AND accumulation.start_ns >= begun.start_ns
),

placed AS (
  SELECT
    backward.* EXCLUDE (thread_id),
    forward_thread.thread_id
  FROM backward
  INNER JOIN forward_thread USING (trace_id, process_id, forward_thread_id)
),

forward AS (
  SELECT
    trace_id,
    process_id,
    thread_id,
    sequence_number,
    start_ns
  FROM cpu_op
  WHERE coalesce(forward_thread_id, 0) = 0 AND sequence_number >= 0
)

-- operators share a sequence number until one of them enters the graph: the last one
SELECT
  placed.trace_id,
  placed.op_id,
  concat_ws(' ', forward.process_id, forward.thread_id) AS forward_track,
  forward.start_ns AS forward_called_ns,
  placed.is_accumulation
FROM placed
ASOF INNER JOIN forward
  ON
    placed.trace_id = forward.trace_id
    AND placed.process_id = forward.process_id
    AND placed.thread_id = forward.thread_id
    AND placed.sequence_number = forward.sequence_number
    AND placed.start_ns >= forward.start_ns
