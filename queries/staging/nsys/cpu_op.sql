-- cpu_op: operators of an Nsight Systems export, from the ranges that PyTorch's emit_nvtx pushes.
--
-- Why:     only the texts of these ranges show which operator ran on which shapes.
-- Grain:   one row per range of nsys_range with the kind 'operator'
-- Inputs:  trace_file, nsys_range
-- Columns:
--   trace_id         from trace_file
--   op_id            in order of start, an operator before those that it called
--   process_id       PID
--   thread_id        TID
--   start_ns         ns from the session's start
--   dur_ns           ns; 0 if it ends before its start
--   name             such as 'aten::mm'
--   external_id      PyTorch's number of the operator ('op_id'); kernels don't have it
--   sequence_number  'seq', shared by an operator and its backward; NULL if absent
--   input_dims       'sizes', JSON as written; NULL if shapes were not recorded
--   signature_id     number of name and input_dims
WITH op AS (
  SELECT * FROM nsys_range
  WHERE kind = 'operator'
),

-- a trace has few texts, and ranks of all rows take longer
signature AS (
  SELECT
    stem,
    sizes,
    row_number() OVER (ORDER BY stem, sizes) AS signature_id
  FROM (SELECT DISTINCT stem, sizes FROM op) AS texts
)

SELECT
  trace_file.trace_id,
  row_number() OVER (ORDER BY op.start_ns, op.end_ns DESC, op.row_id) - 1 AS op_id,
  op.process_id,
  op.thread_id,
  op.start_ns,
  greatest(coalesce(op.end_ns - op.start_ns, 0), 0) AS dur_ns,
  op.stem AS name,
  op.op_number AS external_id,
  op.sequence_number,
  op.sizes AS input_dims,
  signature.signature_id
FROM op
INNER JOIN signature ON op.stem = signature.stem AND op.sizes IS NOT DISTINCT FROM signature.sizes
CROSS JOIN trace_file
