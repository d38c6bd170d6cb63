-- recomputed_op: operators that run a part of the forward pass again inside a backward one.
--
-- Why:     checkpointing saves memory and pays with a second forward pass, which backward operators
--          surround. Forward operators take a number for the graph; inside a backward one they
--          recompute, unless a backward operator outside it uses such a number later: then it is a
--          gradient of a gradient.
-- Grain:   one row per outermost such cpu_op inside a backward one
-- Inputs:  cpu_op, cpu_op_parent, forward_thread, nesting
-- From:    forward_thread
-- Columns:
--   trace_id    trace.trace_id
--   op_id       cpu_op.op_id
--   root_op_id  the outermost backward operator around it
--   start_ns    ns from the trace's base
--   end_ns      ns from the trace's base
WITH numbered AS (
  SELECT
    cpu_op.trace_id,
    cpu_op.op_id,
    cpu_op_parent.root_op_id,
    cpu_op.process_id,
    cpu_op.thread_id,
    cpu_op.sequence_number,
    coalesce(cpu_op.forward_thread_id, 0) AS forward_thread_id,
    cpu_op.start_ns,
    cpu_op_parent.end_ns
  FROM cpu_op
  INNER JOIN cpu_op_parent USING (trace_id, op_id)
  WHERE cpu_op.sequence_number >= 0
),

backward AS (
  SELECT
    numbered.trace_id,
    numbered.op_id,
    numbered.root_op_id,
    numbered.process_id,
    numbered.sequence_number,
    numbered.start_ns,
    forward_thread.thread_id
  FROM numbered
  INNER JOIN forward_thread USING (trace_id, process_id, forward_thread_id)
),

inside AS (
  SELECT numbered.*
  FROM numbered
  SEMI JOIN backward
    ON numbered.trace_id = backward.trace_id AND numbered.root_op_id = backward.op_id
  WHERE numbered.forward_thread_id = 0
),

differentiated AS (
  SELECT DISTINCT inside.trace_id, inside.root_op_id
  FROM inside
  INNER JOIN backward USING (trace_id, process_id, thread_id, sequence_number)
  WHERE backward.root_op_id <> inside.root_op_id AND backward.start_ns >= inside.start_ns
),

slice AS (
  SELECT
    trace_id,
    root_op_id AS track,
    op_id AS slice_id,
    start_ns,
    end_ns - start_ns AS dur_ns,
    op_id AS tie
  FROM inside
  ANTI JOIN differentiated USING (trace_id, root_op_id)
)

SELECT
  trace_id,
  slice_id AS op_id,
  track AS root_op_id,
  start_ns,
  end_ns
FROM nesting('slice')
WHERE depth = 0
