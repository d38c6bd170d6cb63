-- interval_stretch(source): ranges merged where they touch or overlap, with the time before.
--
-- Why:     with the time before each stretch, two look-ups give the covered time in any window.
-- Grain:   one row per merged range of (trace_id, track); `source`: trace_id, track, start_ns,
--          end_ns
-- Inputs:  none
-- Columns:
--   trace_id   trace.trace_id
--   track      as given
--   start_ns   ns
--   end_ns     ns
--   before_ns  ns in the earlier ranges of the track
WITH reached AS (
  SELECT
    trace_id,
    track,
    start_ns,
    max(end_ns) OVER (in_order ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ns,
    max(end_ns) OVER (
      in_order ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS last_ns
  FROM query_table(source)
  WINDOW in_order AS (PARTITION BY trace_id, track ORDER BY start_ns)
)

-- a merged range starts after all earlier ends, and the next one shows how far it reached
SELECT
  trace_id,
  track,
  start_ns,
  lead(reached_ns, 1, last_ns) OVER in_order AS end_ns,
  -- all since the first start, except the gaps; one order for all, because it sorts
  cast(
    start_ns - first_value(start_ns) OVER in_order
    - sum(start_ns - coalesce(reached_ns, start_ns)) OVER in_order AS BIGINT
  ) AS before_ns
FROM reached
WHERE reached_ns IS NULL OR start_ns > reached_ns
WINDOW in_order AS (PARTITION BY trace_id, track ORDER BY start_ns)
