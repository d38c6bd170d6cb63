-- later_kernel: the kernels that started after another kernel or copy of their call.
--
-- Why:     to count calls by their first event. Without graphs there are hardly any.
-- Grain:   one row per kernel that isn't the first event of its call
-- Inputs:  launch
-- Columns:
--   trace_id   trace.trace_id
--   kernel_id  kernel.kernel_id
-- Never:   GROUP BY trace_id, kernel_id HAVING count(*) > 1
SELECT trace_id, kernel_id FROM launch
WHERE kernel_id IS NOT NULL AND launch_ordinal > 1
