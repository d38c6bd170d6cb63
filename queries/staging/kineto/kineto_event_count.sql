-- kineto_event_count: the events of each category of a trace, and how many of them are odd.
--
-- Why:     read once, all events answer what several traps ask: a pass over them is dear.
-- Grain:   one row per (ph, cat) of kineto_event
-- Inputs:  kineto_event
-- Columns:
--   ph                'X' complete, 'i' instant, 'M' metadata, ...
--   cat               category, as spelled; NULL if absent
--   role              see kineto_event
--   event_count       events
--   timed_count       those with a start
--   total_ns          ns, sum of durations as recorded
--   longest_ns        ns, the longest duration as recorded
--   first_ns          ns, the first start, but for events that start at 0 and last 0
--   last_ns           ns, the last start
--   is_fine           true if a time is no whole microsecond; NULL if no event has a time
--   untimed_name      the first name of those without a start
--   negative_count    those with a duration below 0
--   negative_name     the first name of these
--   unnumbered_count  those with a correlation below 0
--   unnumbered_name   the first name of these
--   module_count      those whose name is that of an nn.Module frame
--   endless_count     those without a start, or whose duration is absent or below 0
--   endless_name      the first name of these
--   zero_count        those that start at 0 and last 0: no time was recorded
--   zero_name         the first name of these
SELECT
  ph,
  cat,
  role,
  count(*) AS event_count,
  count(start_ns) AS timed_count,
  sum(recorded_dur_ns) AS total_ns,
  max(recorded_dur_ns) AS longest_ns,
  min(start_ns) FILTER (WHERE start_ns <> 0 OR recorded_dur_ns <> 0) AS first_ns,
  max(start_ns) AS last_ns,
  bool_or(start_ns % 1000 <> 0 OR recorded_dur_ns % 1000 <> 0) AS is_fine,
  min(name) FILTER (WHERE start_ns IS NULL) AS untimed_name,
  count(*) FILTER (WHERE recorded_dur_ns < 0) AS negative_count,
  min(name) FILTER (WHERE recorded_dur_ns < 0) AS negative_name,
  count(*) FILTER (WHERE recorded_correlation_id < 0) AS unnumbered_count,
  min(name) FILTER (WHERE recorded_correlation_id < 0) AS unnumbered_name,
  count(*) FILTER (WHERE role = 'python' AND starts_with(name, 'nn.Module: ')) AS module_count,
  count(*) FILTER (
    WHERE start_ns IS NULL OR recorded_dur_ns IS NULL OR recorded_dur_ns < 0
  ) AS endless_count,
  min(name) FILTER (
    WHERE start_ns IS NULL OR recorded_dur_ns IS NULL OR recorded_dur_ns < 0
  ) AS endless_name,
  count(*) FILTER (WHERE start_ns = 0 AND coalesce(recorded_dur_ns, 0) = 0) AS zero_count,
  min(name) FILTER (WHERE start_ns = 0 AND coalesce(recorded_dur_ns, 0) = 0) AS zero_name
FROM kineto_event
GROUP BY ph, cat, role
