-- run_moment: when a run was recorded.
--
-- Why:     runs of one model are compared in the order in which they ran. A trace's base alone does
--          not say it: a profiler keeps one for months.
-- Grain:   one row per trace with work whose base is known
-- Inputs:  trace, work
-- Kept:    view
-- Columns:
--   trace_id          trace.trace_id
--   recorded_unix_ns  ns since 1970 at which the first work started
-- Never:   WHERE recorded_unix_ns IS NULL
WITH started AS (
  SELECT trace_id, min(start_ns) AS first_ns
  FROM work
  GROUP BY trace_id
)

SELECT
  trace.trace_id,
  cast(trace.base_unix_ns::HUGEINT + started.first_ns AS BIGINT) AS recorded_unix_ns
FROM trace
INNER JOIN started USING (trace_id)
WHERE try_cast(trace.base_unix_ns::HUGEINT + started.first_ns AS BIGINT) IS NOT NULL
