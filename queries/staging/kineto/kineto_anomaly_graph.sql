-- kineto_anomaly_graph: anomalies in the launches of CUDA graphs.
--
-- Why:     kernels of a graph have no operator, and a full profiler buffer loses some of them.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, runtime_call
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  the first or worst one
WITH launched AS (
  SELECT
    runtime_call.call_id,
    any_value(runtime_call.name) AS name,
    coalesce(max(kernel.graph_id), -1) AS graph_id,
    count(kernel.kernel_id) AS kernel_count
  FROM runtime_call
  LEFT JOIN kernel
    ON
      runtime_call.correlation_id = kernel.correlation_id
      AND coalesce(kernel.process_id, runtime_call.process_id, '')
      = coalesce(runtime_call.process_id, '')
  WHERE contains(runtime_call.name, 'GraphLaunch')
  GROUP BY runtime_call.call_id
),

-- a launch without kernels has no graph_id, so it is compared with all the others
replayed AS (
  SELECT
    name,
    graph_id,
    kernel_count,
    max(kernel_count) OVER (PARTITION BY graph_id) AS graph_kernel_count,
    max(kernel_count) OVER () AS most_kernel_count
  FROM launched
),

uneven AS (
  SELECT
    name,
    kernel_count,
    CASE WHEN kernel_count = 0 THEN most_kernel_count ELSE graph_kernel_count END AS expected
  FROM replayed
  WHERE
    (kernel_count = 0 AND most_kernel_count > 0)
    OR (graph_id >= 0 AND graph_kernel_count > kernel_count)
    -- without ids, launches of nearly the same size are assumed to be of the same graph
    OR (graph_kernel_count > kernel_count AND graph_kernel_count < 1.5 * kernel_count)
)

SELECT
  'graph_launch' AS kind,
  sum(kernel_count)::BIGINT AS count,
  count(*) || ' launches, up to ' || max(kernel_count) || ' kernels each' AS example
FROM launched
UNION ALL
SELECT
  'uneven_graph_replay' AS kind,
  count(*) AS count,
  min(name || ': ' || kernel_count || ' of ' || expected) AS example
FROM uneven
