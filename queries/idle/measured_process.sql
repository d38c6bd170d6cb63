-- measured_process: the processes that recorded operators, which measured what the host did.
--
-- Why:     without operators, Python and operators look the same. A dry run's times are those of
--          kernels.
-- Grain:   one row per (trace_id, process_id) of cpu_op, except in dry runs
-- Inputs:  trace, cpu_op
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   process_id  process, as text
-- Never:   GROUP BY trace_id, process_id HAVING count(*) > 1
SELECT DISTINCT trace_id, cpu_op.process_id
FROM cpu_op
INNER JOIN trace USING (trace_id)
WHERE NOT trace.predicted
