-- kineto_device_process: the process of a device's rows, in a trace of several processes.
--
-- Why:     merged ranks reuse the numbers of calls and operators, so a number alone would link a
--          kernel of one rank to a call of another. Some merge tools write the rank into pids, as
--          in '[TP00] 83'; otherwise numbers that only one process has show to which process the
--          device belongs.
-- Grain:   one row per pid of device events whose process is known; none in a trace of one process
-- Inputs:  kineto_event, kineto_text, runtime_call
-- Columns:
--   pid         as in the device events
--   process_id  the process of its launches; the pid itself if only the rank is known, so that
--               nothing links to another rank
WITH host AS (
  -- not from cpu_op, which takes longest to fill
  SELECT DISTINCT pid AS process_id FROM kineto_text
  WHERE ph = 'X' AND (role = 'runtime' OR (role = 'op' AND kind IN ('op', 'profiler_step')))
),

several AS (
  SELECT
    process_id,
    if(starts_with(process_id, '['), split_part(process_id, ']', 1), '') AS label
  FROM host
  QUALIFY count(*) OVER () > 1
),

-- numbers that only one process of a rank has
telling AS (
  SELECT
    several.label,
    runtime_call.correlation_id,
    min(several.process_id) AS process_id
  FROM runtime_call
  INNER JOIN several USING (process_id)
  -- skip the join for one process: DuckDB would first hold all its calls in memory
  WHERE runtime_call.correlation_id > 0 AND EXISTS (FROM several)
  GROUP BY several.label, runtime_call.correlation_id
  HAVING min(several.process_id) = max(several.process_id)
),

shown AS (
  SELECT DISTINCT
    event.pid,
    if(starts_with(event.pid, '['), split_part(event.pid, ']', 1), '') AS label,
    event.correlation_id
  FROM kineto_event AS event
  WHERE event.role IN ('kernel', 'copy') AND EXISTS (SELECT 1 FROM several)
),

judged AS (
  SELECT
    shown.pid,
    any_value(shown.label) AS label,
    min(telling.process_id) AS first_process_id,
    max(telling.process_id) AS last_process_id
  FROM shown
  LEFT JOIN telling USING (label, correlation_id)
  GROUP BY shown.pid
)

SELECT
  pid,
  CASE WHEN first_process_id = last_process_id THEN first_process_id ELSE pid END AS process_id
FROM judged
WHERE first_process_id = last_process_id OR label <> ''
