-- timeline_depth: how deep each operator of a trace is nested, and where it ends.
--
-- Why:     read on its own, since both tables hold millions of rows, and their numbers join faster
--          as places in an array.
-- Grain:   one row per operator that is not too deep for a line
-- Inputs:  cpu_op_parent
-- Params:
--   of_trace BIGINT = 1   trace.trace_id
--   deepest INTEGER = 11  depth of the last line of a thread
-- Columns:
--   op_id   cpu_op.op_id
--   depth   see cpu_op_parent
--   end_ns  see cpu_op_parent
SELECT
  cast(op_id AS INTEGER) AS op_id,
  cast(depth AS TINYINT) AS depth,
  end_ns
FROM cpu_op_parent
WHERE trace_id = of_trace AND depth <= deepest
