-- path_run: the runs of events on the critical path, found backwards from the end.
--
-- Why:     each event waited for one thing, so the path is a chain of pointers. A chain of a
--          million is followed in twenty rounds, each of which doubles the pointers' reach.
-- Grain:   one row per way back on the path: from the end, and from the first event of each run
-- Inputs:  path_window, path_event, path_wait
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   left_run_id   path_event.run_id of the run whose first event waited; -1 for the trace's end
--   run_id        path_event.run_id of the run that the path enters; NULL if it began with the host
--   entry_id      event_id at which it enters that run; NULL as run_id
--   entry_end_ns  ns at which that event was done
--   wait_call_id  call in which the host waited for it; NULL if another event did
--   wait_end_ns   ns, end of that call
--   left_ns       ns at which what waited could go on: launch, begin, or end of the trace
--   by_host       true if the host waited, not another event
-- Never:   WHERE entry_end_ns > left_ns OR wait_end_ns > left_ns
WITH RECURSIVE
-- what the end of the trace, and the first event of each run, waited for
left_from AS (
  SELECT
    trace_id,
    -1 AS run_id,
    end_ns AS left_ns,
    coalesce(event_end_ns < end_ns, TRUE) AS by_host,
    if(by_host, NULL, event_id) AS before_id,
    if(by_host, NULL, event_end_ns) AS before_end_ns
  FROM path_window
  UNION ALL
  SELECT
    trace_id,
    run_id,
    if(waited_for = 'host', call_start_ns, start_ns) AS left_ns,
    waited_for = 'host' AS by_host,
    before_id,
    before_end_ns
  FROM path_event
  WHERE event_id = run_id
),

entered AS (
  SELECT
    left_from.trace_id,
    left_from.run_id,
    left_from.left_ns,
    left_from.by_host,
    coalesce(wait.event_id, left_from.before_id) AS entry_id,
    coalesce(wait.event_end_ns, left_from.before_end_ns) AS entry_end_ns,
    wait.call_id AS wait_call_id,
    wait.end_ns AS wait_end_ns
  FROM left_from
  ASOF LEFT JOIN path_wait AS wait
    ON
      left_from.trace_id = wait.trace_id
      -- no wait ended as early as that; DuckDB 1.5 can match NULL here
      AND if(left_from.by_host, left_from.left_ns, -9223372036854775807) >= wait.end_ns
),

link AS MATERIALIZED (
  SELECT
    entered.*,
    event.run_id AS next_run_id
  FROM entered
  LEFT JOIN path_event AS event
    ON entered.trace_id = event.trace_id AND entered.entry_id = event.event_id
),

jump AS (
  SELECT 0 AS round, trace_id, run_id, next_run_id, run_id = -1 AS is_on_path FROM link
  UNION ALL
  SELECT
    near.round + 1 AS round,
    near.trace_id,
    near.run_id,
    beyond.next_run_id,
    near.is_on_path OR reached.run_id IS NOT NULL AS is_on_path
  FROM jump AS near
  LEFT JOIN jump AS beyond
    ON near.trace_id = beyond.trace_id AND near.next_run_id = beyond.run_id
  LEFT JOIN (
    SELECT DISTINCT on_path.trace_id, on_path.next_run_id AS run_id FROM jump AS on_path
    WHERE on_path.is_on_path
  ) AS reached
    ON near.trace_id = reached.trace_id AND near.run_id = reached.run_id
  WHERE
    near.round < 32
    AND EXISTS (
      SELECT 1 FROM jump AS ahead
      WHERE ahead.is_on_path AND ahead.next_run_id IS NOT NULL
    )
)

SELECT
  link.trace_id,
  link.run_id AS left_run_id,
  link.next_run_id AS run_id,
  link.entry_id,
  link.entry_end_ns,
  link.wait_call_id,
  link.wait_end_ns,
  link.left_ns,
  link.by_host
FROM link
INNER JOIN jump USING (trace_id, run_id)
WHERE jump.is_on_path AND jump.round = (SELECT max(every.round) FROM jump AS every)
