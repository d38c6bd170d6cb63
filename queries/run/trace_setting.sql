-- trace_setting: the settings of each run, without attention and measurements.
--
-- Why:     two runs can be compared only if they differ in nothing but the setting in question. A
--          trace without a manifest is identified by its operators: equal operators on equal
--          shapes, in equal number, are the same workload.
-- Grain:   one row per (trace_id, setting)
-- Inputs:  trace, cpu_op
-- Columns:
--   trace_id  trace.trace_id
--   setting   key in the manifest; 'operators' or 'device_name' for a trace without a manifest
--   value     the value, as text
-- Never:   GROUP BY trace_id, setting HAVING count(*) > 1
WITH manifest_key AS (
  SELECT
    trace_id,
    manifest,
    unnest(json_keys(manifest)) AS setting
  FROM trace
  WHERE manifest IS NOT NULL
),

-- keys that describe a run or its result; they may differ between two runs with equal settings
outcome AS (
  SELECT unnest([
    'asked', 'assumptions', 'attention', 'attention_labelled', 'attention_refused',
    'attention_seen', 'command', 'dead_work', 'device', 'device_asked', 'expected',
    'genscope_schema', 'peak_memory_bytes', 'predicted', 'seed', 'versions', 'wall_ns',
    'wall_ns_repeats'
  ]) AS setting
),

operator_kind AS (
  SELECT
    trace_id,
    name,
    input_dims,
    count(*) AS op_count
  FROM cpu_op
  GROUP BY trace_id, name, input_dims
),

operator_digest AS (
  SELECT
    trace_id,
    sum(op_count) AS op_count,
    sum(
      try_cast(
        md5_number_lower(concat_ws(' ', name, coalesce(input_dims, ''), op_count)) AS HUGEINT
      )
    ) AS op_digest
  FROM operator_kind
  GROUP BY trace_id
)

SELECT
  trace_id,
  setting,
  -- a JSON pointer allows any key; in a path a quote or an asterisk has a meaning
  json_extract_string(
    manifest, '/' || replace(replace(setting, '~', '~0'), '/', '~1')
  ) AS value
FROM manifest_key
ANTI JOIN outcome USING (setting)
UNION ALL
-- a workload's own numbers are part of what was asked; only a run that sets some has them
SELECT
  trace_id,
  'knobs' AS setting,
  manifest ->> '$.asked.knobs' AS value
FROM trace
WHERE (manifest ->> '$.asked.knobs') IS NOT NULL
UNION ALL
SELECT
  trace_id,
  'operators' AS setting,
  concat(op_count, ' operators, digest ', op_digest) AS value
FROM operator_digest
INNER JOIN trace USING (trace_id)
WHERE trace.manifest IS NULL
UNION ALL
SELECT
  trace_id,
  'device_name' AS setting,
  coalesce(device_name, 'unknown') AS value
FROM operator_digest
INNER JOIN trace USING (trace_id)
WHERE trace.manifest IS NULL
