-- time_refusal: why nothing can be said about when the devices of a trace were busy or idle.
--
-- Why:     a span, a gap or an overlap needs every event of a device and one clock.
-- Grain:   one row per trace
-- Inputs:  trace, anomaly
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   refusal   the reason, one sentence; NULL if there is none
-- Never:   GROUP BY trace_id HAVING count(*) > 1
WITH unsure AS (
  -- merged_process: each rank has its clock; uneven_graph_replay: kernels are missing;
  -- lost_duration: all looks idle; the other two: one wrong time makes a span of decades
  SELECT
    trace_id,
    min(consequence) FILTER (WHERE kind = 'merged_process') AS merged,
    min(consequence) FILTER (
      WHERE kind IN ('untimed_work', 'lost_duration', 'outlier_work')
    ) AS untimed,
    min(consequence) FILTER (WHERE kind = 'uneven_graph_replay') AS uneven
  FROM anomaly
  WHERE
    kind IN (
      'uneven_graph_replay', 'merged_process', 'untimed_work', 'lost_duration', 'outlier_work'
    )
  GROUP BY trace_id
)

SELECT
  trace.trace_id,
  CASE
    WHEN unsure.merged IS NOT NULL THEN unsure.merged
    WHEN trace.complete IS FALSE THEN 'the file was cut short: what came after is unknown'
    WHEN trace.predicted THEN 'times are predicted: they say nothing about when a device was busy'
    ELSE coalesce(unsure.untimed, unsure.uneven)
  END AS refusal
FROM trace
LEFT JOIN unsure USING (trace_id)
