-- annotation: labels, NVTX ranges, whole CUDA graphs and waits of an Nsight Systems export.
--
-- Why:     components, steps, modules and attention calls are NVTX texts there.
-- Grain:   one row per mark and range that is no operator, per graph that ran as a whole, and per
--          synchronization, which lasts while the host waits
-- Inputs:  trace_file, nsys_range, nsys_device_span
-- Columns:
--   trace_id       from trace_file
--   annotation_id  in order of start, outer ranges first
--   process_id     PID; of a graph and a wait: the device
--   thread_id      TID, NULL if it ended on another thread; of a graph and a wait: the stream
--   start_ns       ns from the session's start
--   dur_ns         ns; 0 for marks and unclosed ranges
--   name           text without a label's prefix and without the fields that emit_nvtx adds
--   kind           as in the schema; 'gpu_user' for a graph and a wait
--   args           a label's fields; under 'nvtx' style, text, domain, category, payload, unclosed
WITH
labelled AS (
  SELECT
    *,
    substr(stem, length(kind) + 2) AS body
  FROM nsys_range
  WHERE kind <> 'operator'
),

described AS (
  SELECT
    process_id,
    thread_id,
    start_ns,
    end_ns,
    kind,
    row_id,
    CASE kind
      WHEN 'component' THEN body
      WHEN 'step' THEN body
      WHEN 'module' THEN split_part(body, '|', 1)
      WHEN 'attention'
        THEN
          coalesce(
            nullif(split_part(split_part(',' || body, ',site=', 2), ',', 1), ''), 'unattributed'
          )
      ELSE stem
    END AS name,
    CASE kind
      WHEN 'module' THEN json_object('class', nullif(split_part(body, '|', 2), ''))
      WHEN 'attention'
        THEN ('{' || array_to_string(
          list_transform(
            string_split(body, ','), LAMBDA field: to_json(split_part(field, '=', 1))::VARCHAR
            || ':' || CASE
              WHEN
                try_cast(split_part(field, '=', 2) AS BIGINT)::VARCHAR = split_part(field, '=', 2)
                THEN split_part(field, '=', 2)
              ELSE to_json(split_part(field, '=', 2))::VARCHAR
            END
          ), ','
        ) || '}')::JSON
      ELSE '{}'::JSON
    END AS fields,
    json_object(
      'nvtx', json_object(
        'style', CASE
          WHEN event_type = 34 THEN 'mark'
          WHEN event_type IN (60, 71) THEN 'start_end'
          ELSE 'push_pop'
        END,
        'text', nullif(text, CASE WHEN kind IN ('user', 'profiler_step') THEN stem END),
        'domain', domain,
        'category', category,
        'payload', payload,
        'unclosed', CASE WHEN end_ns IS NULL AND event_type <> 34 THEN TRUE END
      )
    ) AS nvtx
  FROM labelled
  UNION ALL BY NAME
  SELECT
    device_id::VARCHAR AS process_id,
    stream_id::VARCHAR AS thread_id,
    start_ns,
    end_ns,
    'gpu_user' AS kind,
    row_id,
    name,
    fields,
    '{}'::JSON AS nvtx
  FROM nsys_device_span
)

SELECT
  trace_file.trace_id,
  row_number() OVER (
    ORDER BY described.start_ns, described.end_ns DESC, described.row_id, described.kind
  ) - 1 AS annotation_id,
  described.process_id,
  described.thread_id,
  described.start_ns,
  greatest(coalesce(described.end_ns - described.start_ns, 0), 0) AS dur_ns,
  described.name,
  described.kind,
  json_merge_patch('{}', described.fields, described.nvtx) AS args
FROM described
CROSS JOIN trace_file
