-- pause_place: the code in which the host was while a device waited long.
--
-- Why:     a pause of milliseconds has one reason, and its name is around it: the innermost
--          operator, range and Python line that cover at least half of what the host did.
-- Grain:   one row per gap of a device of limit_constant.short_gap_ns or more, for the hundred
--          longest of a trace that began before the host called
-- Inputs:  idle_gap, runtime_call, cpu_op, annotation, python_call, limit_constant
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   device_id     device.device_id
--   gap_start_ns  where it starts, see idle_gap
--   op_name       cpu_op.name; NULL if no operator covers half of it
--   range_name    annotation.name of a user's range; NULL if none does
--   python_frame  python_call.name, outside torch if there is one; NULL if none does
-- Never:   GROUP BY trace_id, device_id, gap_start_ns HAVING count(*) > 1
WITH longest AS (
  SELECT
    trace_id,
    device_id,
    start_ns,
    gap_ns,
    call_id
  FROM idle_gap
  CROSS JOIN limit_constant
  WHERE
    gap_ns >= limit_constant.short_gap_ns
    -- the host had not called yet
    AND host_sync_ns + host_memory_ns + host_runtime_ns + host_dataloader_ns
    + host_operator_ns + host_other_ns > 0
  QUALIFY
    row_number() OVER (PARTITION BY trace_id ORDER BY gap_ns DESC, device_id, start_ns) <= 100
),

pause AS MATERIALIZED (
  SELECT
    trace_id,
    longest.device_id,
    longest.start_ns AS gap_start_ns,
    concat_ws(' ', call.process_id, call.thread_id) AS track,
    least(call.start_ns, longest.start_ns + longest.gap_ns) AS host_end_ns,
    (host_end_ns - gap_start_ns) // 2 AS half_ns
  FROM longest
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
),

-- what is shorter than half of the shortest pause covers half of none
shortest AS (
  SELECT trace_id, track, min(half_ns) AS half_ns FROM pause
  GROUP BY trace_id, track
),

around AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    'op' AS what,
    name,
    start_ns,
    dur_ns
  FROM cpu_op
  UNION ALL
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    'range' AS what,
    name,
    start_ns,
    dur_ns
  FROM annotation
  WHERE kind = 'user'
  UNION ALL
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    if(regexp_matches(name, '^(.*(site|dist)-packages/)?torch/'), 'torch', 'own') AS what,
    name,
    start_ns,
    dur_ns
  FROM python_call
  WHERE contains(name, '.py(')
),

long AS (
  SELECT around.*
  FROM around
  INNER JOIN shortest USING (trace_id, track)
  WHERE around.dur_ns >= shortest.half_ns
),

covering AS (
  SELECT
    pause.trace_id,
    pause.device_id,
    pause.gap_start_ns,
    long.what,
    arg_min(long.name, (long.dur_ns, -long.start_ns)) AS name
  FROM pause
  INNER JOIN long USING (trace_id, track)
  WHERE
    least(long.start_ns + long.dur_ns, pause.host_end_ns)
    - greatest(long.start_ns, pause.gap_start_ns) >= greatest(pause.half_ns, 1)
  GROUP BY ALL
)

SELECT
  pause.trace_id,
  pause.device_id,
  pause.gap_start_ns,
  max(covering.name) FILTER (WHERE covering.what = 'op') AS op_name,
  max(covering.name) FILTER (WHERE covering.what = 'range') AS range_name,
  coalesce(
    max(covering.name) FILTER (WHERE covering.what = 'own'),
    max(covering.name) FILTER (WHERE covering.what = 'torch')
  ) AS python_frame
FROM pause
LEFT JOIN covering USING (trace_id, device_id, gap_start_ns)
GROUP BY pause.trace_id, pause.device_id, pause.gap_start_ns
