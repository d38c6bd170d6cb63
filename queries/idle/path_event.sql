-- path_event: each kernel and copy with what it waited for: the host, or another event.
--
-- Why:     a kernel starts when its launch has reached the device and the work before it is done.
--          The later of the two is what it waited for.
-- Grain:   one row per kernel or copy of a trace that critical_path can answer
-- Inputs:  path_given, stream_wait
-- Kept:    view
-- Columns:
--   trace_id       trace.trace_id
--   event_id       2 * kernel_id, or 2 * copy_id + 1
--   kernel_id      kernel.kernel_id; NULL for a copy
--   copy_id        gpu_copy.copy_id; NULL for a kernel
--   stream         device and stream
--   ordinal        place in its stream, from 1
--   start_ns       ns from the trace's base
--   end_ns         ns
--   call_id        see device_event
--   call_start_ns  ns; not after start_ns, even if the clocks disagree; as call_end_ns
--   call_end_ns    ns
--   waited_for     'event' | 'host' (its launch came after all work before it) | 'nothing' (there
--                  is neither a call nor work before it)
--   before_id      event_id that it waited for; NULL otherwise
--   before_end_ns  ns at which that event was done, not after start_ns
--   run_id         event_id at which its run of events begins, each waiting for the one before it
-- Never:   WHERE (waited_for = 'event') <> (before_id IS NOT NULL) OR before_end_ns > start_ns
WITH ordered AS (
  SELECT
    trace_id,
    event_id,
    row_number() OVER in_stream AS ordinal,
    lag(event_id) OVER in_stream AS last_id,
    lag(end_ns) OVER in_stream AS last_end_ns,
    arg_max(event_id, end_ns) OVER earlier AS longest_id,
    max(end_ns) OVER earlier AS longest_end_ns
  FROM path_given AS event
  WINDOW
    in_stream AS (PARTITION BY trace_id, stream ORDER BY start_ns, end_ns, event_id),
    earlier AS (
      PARTITION BY trace_id, stream ORDER BY start_ns, end_ns, event_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

preceded AS (
  SELECT
    event.trace_id,
    event.event_id,
    ordered.ordinal,
    ordered.last_id,
    -- of those that still run, the last; else the one that ends last
    if(
      ordered.last_end_ns >= least(ordered.longest_end_ns, event.start_ns),
      ordered.last_id, ordered.longest_id
    ) AS before_in_stream,
    -- least() ignores NULL
    if(ordered.last_id IS NULL, NULL, least(ordered.longest_end_ns, event.start_ns))
      AS stream_end_ns,
    joined.other_id,
    if(joined.other_id IS NULL, NULL, least(joined.other_end_ns, event.start_ns)) AS joined_end_ns,
    greatest(stream_end_ns, joined_end_ns) AS reached_ns
  FROM path_given AS event
  INNER JOIN ordered USING (trace_id, event_id)
  LEFT JOIN stream_wait AS joined USING (trace_id, event_id)
),

judged AS (
  SELECT
    event.*,
    preceded.* EXCLUDE (trace_id, event_id),
    CASE
      WHEN
        event.call_id IS NOT NULL
        AND coalesce(event.call_start_ns >= preceded.reached_ns, TRUE)
        THEN 'host'
      WHEN preceded.reached_ns IS NOT NULL THEN 'event'
      ELSE 'nothing'
    END AS waited_for,
    CASE
      WHEN waited_for <> 'event' THEN NULL
      WHEN coalesce(preceded.joined_end_ns > preceded.stream_end_ns, preceded.last_id IS NULL)
        THEN preceded.other_id
      ELSE preceded.before_in_stream
    END AS before_id
  FROM path_given AS event
  INNER JOIN preceded USING (trace_id, event_id)
)

SELECT
  trace_id,
  event_id,
  kernel_id,
  copy_id,
  stream,
  ordinal,
  start_ns,
  end_ns,
  call_id,
  if(call_id IS NULL, NULL, least(call_start_ns, start_ns)) AS call_start_ns,
  if(call_id IS NULL, NULL, least(call_end_ns, start_ns)) AS call_end_ns,
  waited_for,
  before_id,
  if(waited_for = 'event', reached_ns, NULL) AS before_end_ns,
  -- it begins with an event that did not wait for the one before it
  last_value(if(before_id = last_id, NULL, event_id) IGNORE NULLS)
    OVER (PARTITION BY trace_id, stream ORDER BY ordinal) AS run_id
FROM judged
