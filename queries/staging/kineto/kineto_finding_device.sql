-- kineto_finding_device: traps that the device events of a trace give away.
--
-- Why:     overlap, graphs and missing launches decide which figures a trace can support.
-- Grain:   one row per kind of trap that is there
-- Inputs:  kernel, runtime_call, kineto_event
-- Columns:
--   kind         name of the trap
--   count        events it touches
--   example      the first or worst one
WITH timed AS (
  SELECT
    name,
    dur_ns,
    max(start_ns + dur_ns) OVER (
      PARTITION BY device_id, stream_id
      ORDER BY start_ns, start_ns + dur_ns
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - start_ns AS overlap_ns
  FROM kernel
),

unlinked AS (
  SELECT kernel.name
  FROM kernel
  ANTI JOIN runtime_call ON kernel.correlation_id = runtime_call.correlation_id
),

copies AS (
  SELECT
    name,
    count(*) - 1 AS copy_count
  FROM kineto_event
  WHERE role IN ('kernel', 'copy') AND ph = 'X' AND start_ns IS NOT NULL
  GROUP BY
    pid, device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, name,
    CASE WHEN role = 'copy' THEN size_bytes END
  HAVING count(*) > 1
),

launched AS (
  SELECT
    runtime_call.call_id,
    any_value(runtime_call.name) AS name,
    coalesce(max(kernel.graph_id), -1) AS graph_id,
    count(kernel.kernel_id) AS kernel_count
  FROM runtime_call
  LEFT JOIN kernel ON runtime_call.correlation_id = kernel.correlation_id
  WHERE contains(runtime_call.name, 'GraphLaunch')
  GROUP BY runtime_call.call_id
),

-- a launch without kernels has no graph_id: it is held against all the others
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
    -- without ids, launches of nearly the same size are held to be of the same graph
    OR (graph_kernel_count > kernel_count AND graph_kernel_count < 1.5 * kernel_count)
)

SELECT
  'same_stream_overlap' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns at most: ' || arg_max(name, overlap_ns)[:120] AS example
FROM timed
WHERE overlap_ns > 0
UNION ALL
SELECT
  'overrunning_kernel' AS kind,
  count(*) AS count,
  max(overlap_ns) || ' ns: ' || arg_max(name, overlap_ns)[:120] AS example
FROM timed
WHERE overlap_ns > 100000
UNION ALL
SELECT
  'zero_duration_kernel' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM timed
WHERE dur_ns = 0
UNION ALL
SELECT
  'unlinked_kernel' AS kind,
  count(*) AS count,
  min(name)[:120] AS example
FROM unlinked
UNION ALL
SELECT
  'duplicate_device_event' AS kind,
  sum(copy_count)::BIGINT AS count,
  min(name)[:120] AS example
FROM copies
UNION ALL
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
