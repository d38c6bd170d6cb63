-- kineto_event_count: the number of events of each category, and how many have anomalies.
--
-- Why:     several anomaly checks need it, and a pass over all events is slow, so it is done once.
-- Grain:   one row per (ph, cat) of kineto_event
-- Inputs:  kineto_chunk, kineto_event, kineto_text
-- Columns:
--   ph                'X' complete, 'i' instant, 'M' metadata, ...
--   cat               category, as recorded; NULL if absent
--   role              see kineto_event
--   event_count       events
--   timed_count       events with a start
--   operator_count    complete events with a start that are operators and no labels
--   total_ns          ns, sum of durations as recorded
--   longest_ns        ns, longest duration as recorded
--   first_ns          ns, first start, ignoring events that start at 0 and last 0
--   first_timed_ns    ns, first start that is not 0
--   last_ns           ns, last start
--   is_fine           true if some time is not a whole microsecond; NULL if no event has a time
--   untimed_name      first name of an event without a start
--   negative_count    events with a duration below 0
--   negative_name     first name of such an event
--   unnumbered_count  events with a correlation below 0
--   unnumbered_name   first name of such an event
--   module_count      events with the name of an nn.Module frame
--   endless_count     events without a start, or with a duration that is absent or below 0
--   endless_name      first name of such an event
--   zero_count        events that start at 0 and last 0, so that no time was recorded
--   zero_name         first name of such an event
WITH summed AS MATERIALIZED (
  -- add up numbers by set of texts first: millions of events have few sets
  SELECT
    text_id,
    count(*) AS event_count,
    sum(dur_ns) AS total_ns,
    max(dur_ns) AS longest_ns,
    min(ts_ns) AS first_ns,
    max(ts_ns) AS last_ns,
    bool_or(ts_ns % 1000 <> 0 OR dur_ns % 1000 <> 0) AS is_fine,
    -- few sets have an event that is to be counted below
    coalesce(
      count(ts_ns) = count(*) AND count(dur_ns) = count(*)
      AND min(ts_ns) > 0 AND min(dur_ns) >= 0 AND coalesce(min(correlation), 0) >= 0,
      FALSE
    ) AS is_plain
  FROM kineto_chunk
  GROUP BY text_id
),

odd AS (
  SELECT text_id FROM summed
  WHERE NOT is_plain
),

counted AS (
  SELECT
    text_id,
    event_count,
    event_count AS timed_count,
    total_ns,
    longest_ns,
    first_ns,
    first_ns AS first_timed_ns,
    last_ns,
    is_fine
  FROM summed
  WHERE is_plain
  UNION ALL BY NAME
  SELECT
    text_id,
    count(*) AS event_count,
    count(start_ns) AS timed_count,
    sum(recorded_dur_ns) AS total_ns,
    max(recorded_dur_ns) AS longest_ns,
    min(start_ns) FILTER (WHERE start_ns <> 0 OR recorded_dur_ns <> 0) AS first_ns,
    min(start_ns) FILTER (WHERE start_ns <> 0) AS first_timed_ns,
    max(start_ns) AS last_ns,
    bool_or(start_ns % 1000 <> 0 OR recorded_dur_ns % 1000 <> 0) AS is_fine,
    count(*) FILTER (WHERE recorded_dur_ns < 0) AS negative_count,
    count(*) FILTER (WHERE recorded_correlation_id < 0) AS unnumbered_count,
    count(*) FILTER (
      WHERE start_ns IS NULL OR recorded_dur_ns IS NULL OR recorded_dur_ns < 0
    ) AS endless_count,
    count(*) FILTER (WHERE start_ns = 0 AND coalesce(recorded_dur_ns, 0) = 0) AS zero_count
  FROM kineto_event
  SEMI JOIN odd USING (text_id)
  GROUP BY text_id
)

SELECT
  text.ph,
  text.cat,
  text.role,
  sum(counted.event_count)::BIGINT AS event_count,
  sum(counted.timed_count)::BIGINT AS timed_count,
  coalesce(sum(counted.timed_count) FILTER (
    WHERE text.ph = 'X' AND text.role = 'op' AND text.kind IN ('op', 'profiler_step')
  ), 0)::BIGINT AS operator_count,
  sum(counted.total_ns) AS total_ns,
  max(counted.longest_ns) AS longest_ns,
  min(counted.first_ns) AS first_ns,
  min(counted.first_timed_ns) AS first_timed_ns,
  max(counted.last_ns) AS last_ns,
  bool_or(counted.is_fine) AS is_fine,
  min(text.name) FILTER (WHERE counted.timed_count < counted.event_count) AS untimed_name,
  coalesce(sum(counted.negative_count), 0)::BIGINT AS negative_count,
  min(text.name) FILTER (WHERE counted.negative_count > 0) AS negative_name,
  coalesce(sum(counted.unnumbered_count), 0)::BIGINT AS unnumbered_count,
  min(text.name) FILTER (WHERE counted.unnumbered_count > 0) AS unnumbered_name,
  coalesce(sum(counted.event_count) FILTER (
    WHERE text.role = 'python' AND starts_with(text.name, 'nn.Module: ')
  ), 0)::BIGINT AS module_count,
  coalesce(sum(counted.endless_count), 0)::BIGINT AS endless_count,
  min(text.name) FILTER (WHERE counted.endless_count > 0) AS endless_name,
  coalesce(sum(counted.zero_count), 0)::BIGINT AS zero_count,
  min(text.name) FILTER (WHERE counted.zero_count > 0) AS zero_name
FROM counted
INNER JOIN kineto_text AS text ON counted.text_id = text.text_id
GROUP BY text.ph, text.cat, text.role
