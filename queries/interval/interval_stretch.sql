-- interval_stretch(source): ranges merged as by interval_union, each with the time before it.
--
-- Why:     with the time before each stretch, two look-ups give the covered time in any window.
-- Grain:   one row per merged range of (trace_id, track); `source`: trace_id, track, start_ns,
--          end_ns
-- Inputs:  interval_union
-- Columns:
--   trace_id   trace.trace_id
--   track      as given
--   start_ns   ns
--   end_ns     ns
--   before_ns  ns in the earlier ranges of the track
SELECT
  *,
  cast(coalesce(sum(end_ns - start_ns) OVER (
    PARTITION BY trace_id, track ORDER BY start_ns
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  ), 0) AS BIGINT) AS before_ns
FROM interval_union(source)
