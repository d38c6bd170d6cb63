-- nsys_work_time: start and end of each kernel, copy, fill and graph of an export.
--
-- Why:     CUPTI writes 0 for a time that it could not collect. A kernel that starts at 0 and ends
--          later is real, unless the first call comes later or another kernel of its stream
--          overlaps it.
-- Grain:   one row per row of the tables of device work
-- Inputs:  nsys_kernel, nsys_memcpy, nsys_memset, nsys_graph_trace, nsys_runtime
-- Columns:
--   event_kind  'kernel' | 'copy' | 'fill' | 'graph'
--   row_id      row of its table
--   start_ns    ns; NULL if it was not recorded
--   end_ns      ns; NULL if it was not recorded
--   is_far      true if it is a day long, or a day away from the others
WITH work AS (
  SELECT
    'kernel' AS event_kind, row_id, start_ns, end_ns, device_id, stream_id, global_pid
  FROM nsys_kernel
  UNION ALL
  SELECT
    'copy' AS event_kind, row_id, start_ns, end_ns, device_id, stream_id, global_pid
  FROM nsys_memcpy
  UNION ALL
  SELECT
    'fill' AS event_kind, row_id, start_ns, end_ns, device_id, stream_id, global_pid
  FROM nsys_memset
  UNION ALL
  SELECT
    'graph' AS event_kind, row_id, start_ns, end_ns, device_id, stream_id, global_pid
  FROM nsys_graph_trace
),

-- no work runs before the first call
called AS (
  SELECT min(start_ns) AS first_call_ns FROM nsys_runtime
  WHERE start_ns <> 0 OR end_ns <> 0
),

-- where other work of the stream starts, because a stream runs its work in order
followed AS (
  SELECT
    device_id,
    stream_id,
    global_pid,
    min(start_ns) AS next_ns
  FROM work
  WHERE start_ns > 0
  GROUP BY ALL
),

judged AS (
  SELECT
    work.event_kind,
    work.row_id,
    CASE
      WHEN work.start_ns = 0 AND work.end_ns = 0 THEN NULL
      WHEN work.start_ns = 0 AND called.first_call_ns > 0 THEN NULL
      WHEN work.start_ns = 0 AND followed.next_ns < work.end_ns THEN NULL
      ELSE work.start_ns
    END AS start_ns,
    CASE WHEN work.end_ns = 0 AND work.start_ns >= 0 THEN NULL ELSE work.end_ns END AS end_ns
  FROM work
  CROSS JOIN called
  LEFT JOIN followed
    ON
      work.device_id IS NOT DISTINCT FROM followed.device_id
      AND work.stream_id IS NOT DISTINCT FROM followed.stream_id
      AND work.global_pid IS NOT DISTINCT FROM followed.global_pid
),

middle AS (
  SELECT approx_quantile(start_ns, 0.5) AS middle_ns FROM judged
)

SELECT
  judged.event_kind,
  judged.row_id,
  judged.start_ns,
  judged.end_ns,
  coalesce(
    abs(judged.start_ns::HUGEINT - middle.middle_ns) > 86400000000000
    OR judged.end_ns::HUGEINT - judged.start_ns > 86400000000000,
    FALSE
  ) AS is_far
FROM judged
CROSS JOIN middle
