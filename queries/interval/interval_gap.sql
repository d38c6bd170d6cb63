-- interval_gap(source): the gaps between ranges, in which none is open.
--
-- Why:     for your queries; no shipped query uses it. A device is idle in the gaps between its
--          work, which is not the span minus the sum of durations.
-- Grain:   one row per gap of (trace_id, track); `source`: trace_id, track, start_ns, end_ns
-- Inputs:  interval_union
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns, where the last range ended
--   end_ns    ns, where the next range starts
WITH followed AS (
  SELECT
    trace_id,
    track,
    end_ns AS start_ns,
    lead(start_ns) OVER (PARTITION BY trace_id, track ORDER BY start_ns) AS end_ns
  FROM interval_union(source)
)

SELECT trace_id, track, start_ns, end_ns
FROM followed
WHERE end_ns IS NOT NULL
