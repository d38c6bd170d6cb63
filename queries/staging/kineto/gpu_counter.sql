-- gpu_counter: the samples of a GPU's counters in a Kineto trace.
--
-- Why:     Kineto writes them with the category hardware_counters, Cuspy without one; both as a
--          value without a name, in a process 'GPU <n> Counters'. Other writers of Chrome's format
--          call it 'value', which says as little.
-- Grain:   one row per (device_id, counter, start_ns); of several values the largest
-- Inputs:  kineto_event, trace_file
-- Columns:
--   trace_id   trace.trace_id
--   device_id  number in the process's name
--   counter    name of the event, or of the value if that has a name of its own
--   start_ns   ns from the trace's base
--   value      as recorded; infinite or invalid values are left out
WITH sample AS (
  SELECT
    start_ns,
    name,
    coalesce(try_cast(regexp_extract(pid, '(\d+)', 1) AS INTEGER), device_id) AS device_id,
    unnest(json_keys(arguments)) AS own_name,
    unnest(try(json_extract(arguments, '$.*'))) AS text
  FROM kineto_event
  WHERE role = 'counter' AND start_ns IS NOT NULL AND json_valid(arguments)
)

SELECT
  any_value(file.trace_id) AS trace_id,
  sample.device_id,
  if(lower(sample.own_name) IN ('', 'value'), sample.name, sample.own_name) AS counter,
  sample.start_ns,
  max(try_cast(sample.text AS DOUBLE)) AS value
FROM sample
CROSS JOIN trace_file AS file
WHERE isfinite(try_cast(sample.text AS DOUBLE))
GROUP BY sample.device_id, counter, sample.start_ns
