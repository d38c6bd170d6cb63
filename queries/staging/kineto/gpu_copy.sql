-- gpu_copy: the memory copies and fills of a Kineto trace.
--
-- Why:     rows are chosen by category, as kernels are. The direction is in the name, in ROCm's
--          "kind" or in Cuspy's "copy kind", where an array (A) is memory of the device.
-- Grain:   one row per memcpy or memset
-- Inputs:  kineto_event, kineto_text, kineto_device_process, trace_file
-- From:    kineto_text WHERE role = 'copy'
-- Columns:
--   trace_id        trace.trace_id
--   copy_id         in order of device, stream and start
--   device_id       device.device_id
--   stream_id       stream or queue
--   process_id      see kineto_device_process; NULL in a trace of one process
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   name            as recorded
--   kind            'HtoD' | 'DtoH' | 'DtoD' | 'PtoP' | 'HtoH' | 'memset' | 'other'
--   host_memory     from the name, 'Memcpy HtoD (Pinned -> Device)', or from Cuspy's kinds of
--                   memory; NULL where neither says
--   size_bytes      bytes moved or set; NULL if not recorded
--   correlation_id  links to runtime_call; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   graph_id        CUDA graph; NULL outside graphs or where not recorded
--   graph_node_id   node in that graph
WITH ordered AS (
  SELECT
    text_id,
    device_id,
    stream_id,
    start_ns,
    dur_ns,
    work_order,
    size_bytes,
    correlation_id,
    external_id,
    graph_id,
    graph_node_id
  FROM kineto_event
  WHERE role = 'copy' AND ph = 'X' AND start_ns IS NOT NULL
  -- sort, because a sort spills to disk and a window over all rows does not; leave the texts out,
  -- because they make the sort slow
  ORDER BY
    device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order, size_bytes
),

-- rows stay in order, so a duplicate comes right after its original
identified AS (
  SELECT
    *,
    row(
      device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order, size_bytes
    ) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
),

numbered AS (
  SELECT
    * EXCLUDE (identity, identity_before),
    row_number() OVER () AS copy_id
  FROM identified
  -- a bare comparison of these as a condition would give the rows out of order
  WHERE coalesce(identity IS DISTINCT FROM identity_before, TRUE)
),

-- of each set of texts once: to split a text takes longer than all else
described AS (
  SELECT
    text.text_id,
    owner.process_id,
    text.name,
    CASE
      WHEN text.cat IN ('gpu_memset', 'Memset') THEN 'memset'
      WHEN string_split(text.name, ' ')[2] IN ('HtoD', 'DtoH', 'DtoD', 'PtoP', 'HtoH')
        THEN string_split(text.name, ' ')[2]
      WHEN replace(text.copy_kind, 'A', 'D') IN ('HtoD', 'DtoH', 'DtoD', 'PtoP', 'HtoH')
        THEN replace(text.copy_kind, 'A', 'D')
      -- CUPTI's number, for which Cuspy has no name
      WHEN text.copy_kind = '9' THEN 'HtoH'
      ELSE 'other'
    END AS kind,
    CASE
      WHEN contains(text.name, 'Pinned') THEN 'pinned'
      WHEN contains(text.name, 'Pageable') THEN 'pageable'
      WHEN text.source_memory IN ('pinned', 'pageable') THEN text.source_memory
      WHEN text.target_memory IN ('pinned', 'pageable') THEN text.target_memory
    END AS host_memory
  FROM kineto_text AS text
  LEFT JOIN kineto_device_process AS owner ON text.pid = owner.pid
  WHERE text.role = 'copy'
)

SELECT
  file.trace_id,
  numbered.copy_id,
  numbered.device_id,
  numbered.stream_id,
  described.process_id,
  numbered.start_ns,
  numbered.dur_ns,
  described.name,
  described.kind,
  described.host_memory,
  numbered.size_bytes,
  numbered.correlation_id,
  numbered.external_id,
  numbered.graph_id,
  numbered.graph_node_id
FROM numbered
INNER JOIN described ON numbered.text_id = described.text_id
CROSS JOIN trace_file AS file
