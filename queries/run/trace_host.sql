-- trace_host: the machine that recorded each trace, and from where it is known.
--
-- Why:     a slow machine delays all of its ranks. Many traces don't name theirs, and the recorded
--          name may be a container's, so what the user says comes first.
-- Grain:   one row per trace with a known host
-- Inputs:  trace, cpu_op, runtime_call
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   host      name of the machine
--   source    'manifest' (key host) | 'folder' (named host=NAME, above the file) | 'trace' |
--             'file name' (as PyTorch's tensorboard_trace_handler names a file by default,
--             HOST_PROCESS.TIME.pt.trace.json, if the trace has a process of that number)
-- Never:   WHERE host = '' OR host IS NULL
WITH named AS (
  SELECT
    trace_id,
    nullif(manifest ->> '$.host', '') AS manifest_host,
    nullif(regexp_extract(path, '.*/host=([^/]+)/', 1), '') AS folder_host,
    nullif(host, '') AS recorded_host,
    regexp_extract(
      parse_filename(path), '^(.+)_([0-9]+)\.[0-9]+\.pt\.trace\.json', ['host', 'process_id']
    ) AS file_part
  FROM trace
),

process AS (
  SELECT trace_id, process_id FROM cpu_op
  UNION
  SELECT trace_id, process_id FROM runtime_call
),

found AS (
  SELECT
    named.trace_id,
    named.manifest_host,
    named.folder_host,
    named.recorded_host,
    if(process.trace_id IS NULL, NULL, named.file_part.host) AS file_host
  FROM named
  LEFT JOIN process
    ON named.trace_id = process.trace_id AND named.file_part.process_id = process.process_id
)

SELECT
  trace_id,
  coalesce(manifest_host, folder_host, recorded_host, file_host) AS host,
  CASE
    WHEN manifest_host IS NOT NULL THEN 'manifest'
    WHEN folder_host IS NOT NULL THEN 'folder'
    WHEN recorded_host IS NOT NULL THEN 'trace'
    ELSE 'file name'
  END AS source
FROM found
WHERE coalesce(manifest_host, folder_host, recorded_host, file_host) IS NOT NULL
