-- critical_path: the chain of host time, launches and device work that makes a trace's length.
--
-- Why:     making anything faster that is not on the path saves nothing. It is found backwards: the
--          end waited for the last event, that for its launch or for the event before it, and a
--          launch for the last wait of the host.
-- Grain:   one row per segment; each begins where the one before it ends
-- Inputs:  path_window, path_run, path_event, kernel, kernel_category
-- Kept:    view
-- Columns:
--   trace_id    trace.trace_id
--   segment_id  place on the path, from 1
--   start_ns    ns from the trace's base
--   dur_ns      ns
--   part        'host' | 'launch_call' | 'launch_latency' (from the call's end to the start of
--               the event) | 'compute' | 'communication' | 'copy' | 'device_gap' (between events
--               that wait for each other) | 'sync_tail' (from an event's end to that of the host's
--               wait for it) | 'unknown' (before an event without a call)
--   kernel_id   kernel.kernel_id; NULL for other parts, as copy_id and call_id
--   copy_id     gpu_copy.copy_id
--   call_id     call that launched, or waited
-- Never:   SELECT 1 FROM critical_path AS one
--          JOIN critical_path AS other ON one.trace_id = other.trace_id
--          AND one.segment_id + 1 = other.segment_id
--          WHERE one.start_ns + one.dur_ns <> other.start_ns OR one.dur_ns <= 0
WITH entry AS MATERIALIZED (
  -- by itself, or DuckDB compares all events of a trace with each other first
  SELECT path_run.trace_id, path_run.run_id, entry_id, entry_end_ns, event.ordinal
  FROM path_run
  INNER JOIN path_event AS event
    ON path_run.trace_id = event.trace_id AND path_run.entry_id = event.event_id
),

on_path AS (
  SELECT
    event.* EXCLUDE (start_ns),
    entry.entry_end_ns,
    entry.entry_id = event.event_id AS is_entry,
    lead(event.start_ns) OVER (
      PARTITION BY event.trace_id, event.run_id ORDER BY event.ordinal
    ) AS next_start_ns,
    if(is_entry, entry.entry_end_ns, least(event.end_ns, next_start_ns)) AS done_ns,
    least(event.start_ns, done_ns) AS start_ns
  FROM entry
  INNER JOIN path_event AS event
    ON
      entry.trace_id = event.trace_id
      AND entry.run_id = event.run_id
      AND entry.ordinal >= event.ordinal
),

-- by their few names first
communication AS (
  SELECT kernel.trace_id, kernel.kernel_id
  FROM kernel
  INNER JOIN kernel_category
    ON kernel.trace_id = kernel_category.trace_id AND kernel.name = kernel_category.name
  WHERE kernel_category.category = 'communication'
),

segment AS (
  SELECT
    on_path.trace_id,
    on_path.start_ns,
    on_path.done_ns AS end_ns,
    CASE
      WHEN on_path.copy_id IS NOT NULL THEN 'copy'
      WHEN communication.kernel_id IS NOT NULL THEN 'communication'
      ELSE 'compute'
    END AS part,
    on_path.kernel_id,
    on_path.copy_id,
    NULL AS call_id
  FROM on_path
  LEFT JOIN communication USING (trace_id, kernel_id)
  UNION ALL BY NAME
  SELECT trace_id, done_ns AS start_ns, next_start_ns AS end_ns, 'device_gap' AS part
  FROM on_path
  WHERE NOT is_entry
  UNION ALL BY NAME
  SELECT trace_id, call_end_ns AS start_ns, start_ns AS end_ns, 'launch_latency' AS part, call_id
  FROM on_path
  WHERE event_id = run_id AND waited_for = 'host'
  UNION ALL BY NAME
  SELECT trace_id, call_start_ns AS start_ns, call_end_ns AS end_ns, 'launch_call' AS part, call_id
  FROM on_path
  WHERE event_id = run_id AND waited_for = 'host'
  UNION ALL BY NAME
  SELECT
    trace_id,
    entry_end_ns AS start_ns,
    wait_end_ns AS end_ns,
    'sync_tail' AS part,
    wait_call_id AS call_id
  FROM path_run
  UNION ALL BY NAME
  SELECT
    path_run.trace_id,
    coalesce(path_run.wait_end_ns, path_run.entry_end_ns, path_window.start_ns) AS start_ns,
    path_run.left_ns AS end_ns,
    CASE
      WHEN path_run.by_host THEN 'host'
      WHEN path_run.entry_id IS NULL THEN 'unknown'
      ELSE 'device_gap'
    END AS part
  FROM path_run
  INNER JOIN path_window USING (trace_id)
)

SELECT
  trace_id,
  row_number() OVER (PARTITION BY trace_id ORDER BY start_ns) AS segment_id,
  start_ns,
  end_ns - start_ns AS dur_ns,
  part,
  kernel_id,
  copy_id,
  call_id
FROM segment
WHERE end_ns > start_ns
