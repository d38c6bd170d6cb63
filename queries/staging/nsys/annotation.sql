-- annotation: labels, NVTX ranges, whole CUDA graphs and waits of an Nsight Systems export.
--
-- Why:     components, steps, modules and attention calls are NVTX texts in Nsight Systems.
-- Grain:   one row per mark and range that isn't an operator, per graph that was traced as a whole,
--          and per synchronization, which lasts while the host waits
-- Inputs:  trace_file, nsys_range, nsys_device_span
-- Columns:
--   trace_id       from trace_file
--   annotation_id  in order of start, outer ranges first
--   process_id     PID; for a graph and a wait, the device
--   thread_id      TID, NULL if the range ended on another thread; for a graph and a wait, the
--                  stream
--   start_ns       ns from the session's start
--   dur_ns         ns; 0 for marks and unclosed ranges
--   name           text without a label's prefix and without the fields that emit_nvtx adds
--   kind           as in the schema; 'gpu_user' for a graph and a wait
--   args           a label's fields; and, under 'nvtx', style, text, domain, category, payload and
--                  unclosed
WITH
described AS (
  SELECT
    process_id,
    thread_id,
    start_ns,
    end_ns,
    kind,
    row_id,
    coalesce(label_name, stem) AS name,
    coalesce(label_args, '{}'::JSON) AS fields,
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
  FROM nsys_range
  WHERE kind <> 'operator'
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
