-- window_time(source, windows): how much of each window each state takes.
--
-- Why:     an interval join compares every range with every window. The windows' edges cut time in
--          buckets; a range adds to one of them, and two look-ups give the time of a window.
-- Grain:   one row per (trace_id, series, window_start_ns, window_end_ns, state) with time;
--          `source`: trace_id, state, start_ns, end_ns, whose ranges don't overlap within a state;
--          `windows`: trace_id, series, start_ns, end_ns
-- Inputs:  none
-- Columns:
--   trace_id         trace.trace_id
--   series           as given
--   window_start_ns  start_ns of the window
--   window_end_ns    end_ns of it
--   state            as given
--   state_ns         ns of the window in that state
WITH held AS (
  SELECT DISTINCT trace_id, series, start_ns, end_ns FROM query_table(windows)
  WHERE end_ns > start_ns
),

moment AS (
  SELECT trace_id, unnest([start_ns, end_ns]) AS at_ns FROM held
  UNION
  SELECT trace_id, cast(-9223372036854775807 AS BIGINT) AS at_ns FROM held
),

bucket AS MATERIALIZED (
  SELECT
    trace_id,
    at_ns,
    row_number() OVER in_order AS bucket,
    lead(at_ns, 1, 9223372036854775807) OVER in_order AS next_ns
  FROM moment
  WINDOW in_order AS (PARTITION BY trace_id ORDER BY at_ns)
),

slice AS MATERIALIZED (
  SELECT
    source.trace_id,
    source.state,
    source.start_ns,
    source.end_ns,
    bucket.bucket,
    bucket.next_ns
  FROM query_table(source) AS source
  ASOF INNER JOIN bucket
    ON source.trace_id = bucket.trace_id AND source.start_ns >= bucket.at_ns
  WHERE source.end_ns > source.start_ns
),

-- few ranges reach into another bucket, and each is cut there
crossing AS (
  SELECT
    slice.trace_id,
    slice.state,
    slice.start_ns,
    slice.end_ns,
    unnest(range(slice.bucket, last.bucket + 1)) AS bucket
  FROM slice
  ASOF INNER JOIN bucket AS last
    ON slice.trace_id = last.trace_id AND slice.end_ns > last.at_ns
  WHERE slice.end_ns > slice.next_ns
),

part AS (
  SELECT trace_id, state, bucket, end_ns - start_ns AS part_ns FROM slice
  WHERE end_ns <= next_ns
  UNION ALL
  SELECT
    trace_id,
    crossing.state,
    bucket,
    least(crossing.end_ns, bucket.next_ns) - greatest(crossing.start_ns, bucket.at_ns) AS part_ns
  FROM crossing
  INNER JOIN bucket USING (trace_id, bucket)
),

summed AS (
  SELECT
    trace_id,
    state,
    bucket,
    sum(sum(part_ns)) OVER (
      PARTITION BY trace_id, state ORDER BY bucket ROWS UNBOUNDED PRECEDING
    ) AS so_far_ns
  FROM part
  GROUP BY trace_id, state, bucket
),

edge AS (
  SELECT
    held.trace_id,
    held.series,
    held.start_ns AS window_start_ns,
    held.end_ns AS window_end_ns,
    state_list.state,
    unnest([held.start_ns, held.end_ns]) AS at_ns,
    unnest([-1, 1]) AS sign
  FROM held
  INNER JOIN (SELECT DISTINCT trace_id, state FROM summed) AS state_list
    ON held.trace_id = state_list.trace_id
)

SELECT
  edge.trace_id,
  edge.series,
  edge.window_start_ns,
  edge.window_end_ns,
  edge.state,
  cast(sum(edge.sign * summed.so_far_ns) AS BIGINT) AS state_ns
FROM edge
INNER JOIN bucket ON edge.trace_id = bucket.trace_id AND edge.at_ns = bucket.at_ns
ASOF INNER JOIN summed
  ON
    edge.trace_id = summed.trace_id
    AND edge.state = summed.state
    AND bucket.bucket > summed.bucket
GROUP BY
  edge.trace_id, edge.series, edge.window_start_ns, edge.window_end_ns, edge.state
HAVING state_ns > 0
