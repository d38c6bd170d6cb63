-- gpu_time: how long the devices of a trace were busy and how long they were idle.
--
-- Why:     the sum of durations, the busy time and the span are different numbers, easily confused.
-- Grain:   one row per trace
-- Inputs:  trace, device_busy, anomaly
-- Needs:   kernel, complete, one_clock, timed
-- Key:     trace_name, kernel_count, gpu_span_ns, gpu_busy_ns, gpu_idle_ns, idle_refusal
-- Columns:
--   trace_id        trace.trace_id
--   trace_name      trace.name
--   path            trace.path
--   kernel_count    kernels
--   copy_count      copies and fills
--   kernel_ns       ns, sum of kernel durations; concurrent kernels count twice
--   kernel_busy_ns  ns, union of kernels over all streams and devices; NULL if the file merges
--                   several ranks, whose clocks can't be compared
--   gpu_busy_ns     ns, union of kernels and copies over all devices: a moment is busy if any of
--                   them works, so it isn't the sum of idle_time's rows, one per device; NULL as
--                   kernel_busy_ns
--   gpu_span_ns     ns from the first start to the last end of kernels and copies; 0 if there are
--                   none; NULL if the file was cut short, merges several ranks, or has kernels or
--                   copies with missing or impossible times
--   gpu_idle_ns     ns, gpu_span_ns - gpu_busy_ns: no device works; NULL if refused
--   idle_refusal    why idle, or busy, time is unknown; NULL if it is known
-- Never:   WHERE kernel_busy_ns > kernel_ns OR kernel_busy_ns > gpu_busy_ns OR gpu_idle_ns < 0
-- Plot:    GPU time: computing, copying and idle
WITH unsure AS (
  -- uneven_graph_replay: replays of one graph differ in kernels, so some are missing;
  -- merged_process: each rank has its clock; lost_duration: all looks idle; the other two: one
  -- wrong time makes a span of decades
  SELECT
    trace_id,
    min(consequence) FILTER (WHERE kind = 'uneven_graph_replay') AS uneven,
    min(consequence) FILTER (WHERE kind = 'merged_process') AS merged,
    min(consequence) FILTER (
      WHERE kind IN ('untimed_work', 'lost_duration', 'outlier_work')
    ) AS untimed
  FROM anomaly
  WHERE
    kind IN (
      'uneven_graph_replay', 'merged_process', 'untimed_work', 'lost_duration', 'outlier_work'
    )
  GROUP BY trace_id
),

judged AS (
  SELECT
    trace.trace_id,
    trace.name AS trace_name,
    trace.path,
    unsure.merged IS NULL AS has_busy,
    unsure.merged IS NULL AND unsure.untimed IS NULL AND trace.complete IS NOT FALSE AS has_span,
    CASE
      WHEN unsure.merged IS NOT NULL THEN unsure.merged
      WHEN trace.complete IS FALSE THEN 'the file was cut short: what came after is unknown'
      ELSE coalesce(unsure.untimed, unsure.uneven)
    END AS idle_refusal
  FROM trace
  LEFT JOIN unsure USING (trace_id)
)

SELECT
  trace_id,
  judged.trace_name,
  judged.path,
  coalesce(busy.kernel_count, 0) AS kernel_count,
  coalesce(busy.copy_count, 0) AS copy_count,
  if(busy.trace_id IS NULL, 0, busy.kernel_ns) AS kernel_ns,
  if(judged.has_busy, if(busy.trace_id IS NULL, 0, busy.kernel_busy_ns), NULL) AS kernel_busy_ns,
  if(judged.has_busy, if(busy.trace_id IS NULL, 0, busy.gpu_busy_ns), NULL) AS gpu_busy_ns,
  if(judged.has_span, if(busy.trace_id IS NULL, 0, busy.gpu_span_ns), NULL) AS gpu_span_ns,
  if(judged.idle_refusal IS NULL, busy.gpu_span_ns - busy.gpu_busy_ns, NULL) AS gpu_idle_ns,
  coalesce(
    judged.idle_refusal,
    if(busy.trace_id IS NULL, 'no kernels or copies were recorded', NULL)
  ) AS idle_refusal
FROM judged
LEFT JOIN device_busy AS busy USING (trace_id)
ORDER BY trace_id
