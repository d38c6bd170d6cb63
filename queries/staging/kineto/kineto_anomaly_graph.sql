-- kineto_anomaly_graph: anomalies in the launches of CUDA graphs.
--
-- Why:     kernels of a graph have no operator, and a full profiler buffer loses some of them.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kernel, runtime_call
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected events
--   example  the first or worst one
WITH launch AS (
  SELECT call_id, name, correlation_id, process_id
  FROM runtime_call
  WHERE contains(name, 'GraphLaunch')
),

-- a launch starts hundreds of kernels
started AS (
  SELECT
    correlation_id,
    process_id,
    max(graph_id) AS graph_id,
    count(*) AS kernel_count
  FROM kernel
  SEMI JOIN launch USING (correlation_id)
  GROUP BY correlation_id, process_id
),

launched AS (
  SELECT
    launch.call_id,
    any_value(launch.name) AS name,
    coalesce(max(started.graph_id), -1) AS graph_id,
    coalesce(sum(started.kernel_count), 0)::BIGINT AS kernel_count
  FROM launch
  LEFT JOIN started
    ON
      launch.correlation_id = started.correlation_id
      AND coalesce(started.process_id, launch.process_id, '') = coalesce(launch.process_id, '')
  GROUP BY launch.call_id
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
