-- tensor_core_use: how much of the time of matrix kernels uses tensor cores.
--
-- Why:     a matrix product on float units takes many times as long; often a data type or an odd
--          size is the reason. What a name does not say is unknown, not no.
-- Grain:   one row per (trace_id, category), 'all' for all of them, of a trace with matrix kernels
-- Inputs:  trace, kernel, kernel_category, kernel_tensor_core
-- Needs:   kernel
-- Key:     trace_name, category, kernel_ns, tensor_core_ns, no_tensor_core_ns, tensor_core_frac
-- Columns:
--   trace_id                   trace.trace_id
--   trace_name                 trace.name
--   category                   'linear' | 'convolution' | 'attention', by the kernel's name, where
--                              in operator_breakdown the operator decides first; 'all'
--   kernel_count               matrix kernels
--   kernel_ns                  ns, sum of their durations
--   tensor_core_count          kernels that use tensor cores
--   tensor_core_ns             ns
--   no_tensor_core_count       kernels that don't
--   no_tensor_core_ns          ns
--   tensor_core_unknown_count  kernels whose name does not say
--   tensor_core_unknown_ns     ns
--   tensor_core_frac           0..1 of kernel_ns: a lower bound if some are unknown; NULL if
--                              kernel_ns is 0
-- Never:   WHERE tensor_core_ns + no_tensor_core_ns + tensor_core_unknown_ns <> kernel_ns
-- Plot:    Time of matrix kernels on tensor cores
WITH summed AS (
  SELECT
    kernel.trace_id,
    coalesce(kernel_category.category, 'all') AS category,
    count(*) AS kernel_count,
    sum(kernel.dur_ns) AS kernel_ns,
    count(*) FILTER (WHERE used.tensor_core = 'yes') AS yes_count,
    sum(kernel.dur_ns) FILTER (WHERE used.tensor_core = 'yes') AS yes_ns,
    count(*) FILTER (WHERE used.tensor_core = 'no') AS no_count,
    sum(kernel.dur_ns) FILTER (WHERE used.tensor_core = 'no') AS no_ns,
    count(*) FILTER (WHERE used.tensor_core = 'unknown') AS unknown_count,
    sum(kernel.dur_ns) FILTER (WHERE used.tensor_core = 'unknown') AS unknown_ns
  FROM kernel
  INNER JOIN kernel_tensor_core AS used USING (trace_id, name)
  INNER JOIN kernel_category USING (trace_id, name)
  GROUP BY GROUPING SETS ((kernel.trace_id, kernel_category.category), (kernel.trace_id))
)

SELECT
  trace_id,
  trace.name AS trace_name,
  summed.category,
  summed.kernel_count,
  cast(summed.kernel_ns AS BIGINT) AS kernel_ns,
  summed.yes_count AS tensor_core_count,
  cast(coalesce(summed.yes_ns, 0) AS BIGINT) AS tensor_core_ns,
  summed.no_count AS no_tensor_core_count,
  cast(coalesce(summed.no_ns, 0) AS BIGINT) AS no_tensor_core_ns,
  summed.unknown_count AS tensor_core_unknown_count,
  cast(coalesce(summed.unknown_ns, 0) AS BIGINT) AS tensor_core_unknown_ns,
  tensor_core_ns / nullif(summed.kernel_ns, 0) AS tensor_core_frac
FROM summed
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, summed.category = 'all', summed.kernel_ns DESC, category
