-- nsys_anomaly: how often each kind of anomaly occurs in an export (124 lines because of 17 kinds).
--
-- Why:     each of them silently changes a metric; anomaly says how.
-- Grain:   one row per kind, even if count is 0
-- Inputs:  nsys_event, nsys_work_time, nsys_kernel, nsys_runtime, nsys_range, nsys_overlap,
--          nsys_graph_trace, nsys_text, nsys_diagnostic, nsys_device_number,
--          nsys_capture_option
-- Columns:
--   kind     see anomaly
--   count    number of affected events
--   example  one of them; NULL if none
WITH
graph AS (
  SELECT
    (SELECT count(*) FROM nsys_graph_trace) AS traced,
    (
      SELECT count(*)
      FROM nsys_runtime AS call
      INNER JOIN nsys_text AS named
        ON call.name_id = named.id
      WHERE contains(named.value, 'GraphLaunch')
    ) AS launched,
    (
      SELECT count(*) FROM nsys_kernel
      WHERE coalesce(graph_id, graph_node_id, 0) > 0
    ) AS kernels,
    (
      SELECT min(value) FROM nsys_capture_option
      WHERE name LIKE 'CUDA_GRAPH%MODE'
    ) AS mode
),

twice AS (
  SELECT count(*) - 1 AS extra
  FROM nsys_runtime
  WHERE correlation_id > 0
  GROUP BY global_tid, correlation_id
  HAVING count(*) > 1
),

shared AS (
  SELECT device_id
  FROM nsys_kernel
  ANTI JOIN nsys_device_number AS mapped
    ON
      ((nsys_kernel.global_pid >> 24) & 16777215)::VARCHAR = mapped.process_id
      AND nsys_kernel.device_id = mapped.device_number
  GROUP BY device_id
  HAVING count(DISTINCT global_pid) > 1
)

SELECT
  'graph_kernels_not_recorded' AS kind,
  CASE WHEN traced > 0 THEN traced WHEN kernels > 0 THEN 0 ELSE launched END AS count,
  'recorded with graph trace mode ' || coalesce(mode, 'unknown') AS example
FROM graph
UNION ALL
SELECT 'no_kernel' AS kind, 1 AS count, 'no row of CUPTI_ACTIVITY_KIND_KERNEL' AS example
WHERE NOT EXISTS (SELECT 1 FROM nsys_kernel)
UNION ALL
SELECT 'no_start' AS kind, count(*) AS count, min(event_kind) AS example
FROM nsys_event
WHERE start_ns IS NULL
UNION ALL
SELECT 'no_end' AS kind, count(*) AS count, min(event_kind) AS example
FROM nsys_event
WHERE end_ns IS NULL AND start_ns IS NOT NULL AND event_kind NOT IN ('range', 'allocation')
UNION ALL
SELECT 'unclosed_range' AS kind, count(*) AS count, min(text) AS example
FROM nsys_range
WHERE end_ns IS NULL AND event_type <> 34
UNION ALL
SELECT 'untimed_work' AS kind, count(*) AS count, min(event_kind) AS example
FROM nsys_work_time
WHERE event_kind <> 'graph' AND (start_ns IS NULL OR end_ns IS NULL OR end_ns < start_ns)
UNION ALL
SELECT
  'lost_duration' AS kind,
  count(*) FILTER (WHERE start_ns = end_ns) AS count,
  min(event_kind) AS example
FROM nsys_work_time
WHERE event_kind = 'kernel'
HAVING 2 * count(*) FILTER (WHERE start_ns = end_ns) > count(*)
UNION ALL
SELECT 'outlier_work' AS kind, count(*) AS count, min(event_kind || ' at ' || start_ns) AS example
FROM nsys_work_time
WHERE is_far
UNION ALL
SELECT 'negative_duration' AS kind, count(*) AS count, min(event_kind) AS example
FROM nsys_event
WHERE end_ns < start_ns
UNION ALL
SELECT 'negative_time' AS kind, count(*) AS count, min(event_kind || ' at ' || start_ns) AS example
FROM nsys_event
WHERE start_ns < 0
UNION ALL
SELECT 'call_recorded_twice' AS kind, coalesce(sum(extra), 0)::BIGINT AS count, NULL AS example
FROM twice
UNION ALL
SELECT 'cross_thread_range' AS kind, count(*) AS count, min(text) AS example
FROM nsys_range
WHERE thread_id IS NULL
UNION ALL
SELECT 'overlapping_range' AS kind, count(*) AS count, min(text) AS example
FROM nsys_overlap
UNION ALL
SELECT 'no_shape' AS kind, count(*) AS count, min(stem) AS example
FROM nsys_range
WHERE kind = 'operator'
HAVING count(sizes) = 0
UNION ALL
SELECT 'unknown_name' AS kind, count(*) AS count, min('kernel ' || kernel.row_id) AS example
FROM nsys_kernel AS kernel
LEFT JOIN nsys_text AS named
  ON coalesce(kernel.demangled_id, kernel.short_id, kernel.mangled_id) = named.id
WHERE named.value IS NULL
UNION ALL
SELECT
  'shared_device_number' AS kind, count(*) AS count, min('device ' || device_id) AS example
FROM shared
UNION ALL
SELECT 'profiler_warning' AS kind, count(*) AS count, min(text) AS example
FROM nsys_diagnostic
WHERE severity > 1
