-- gpu_copy: the memory copies and fills of a Kineto trace.
--
-- Why:     chosen by category, as kernels are; the direction is in the name, or in ROCm's "kind".
-- Grain:   one row per memcpy or memset
-- Inputs:  kineto_event, kineto_device_process, trace_file
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
--   size_bytes      NULL if not recorded
--   correlation_id  links to runtime_call; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   graph_id        CUDA graph; NULL outside graphs or where not recorded
--   graph_node_id   node of that graph
WITH ordered AS (
  SELECT
    file.trace_id,
    event.device_id,
    event.stream_id,
    event.pid,
    owner.process_id,
    event.start_ns,
    event.dur_ns,
    event.name,
    CASE
      WHEN event.cat IN ('gpu_memset', 'Memset') THEN 'memset'
      WHEN string_split(event.name, ' ')[2] IN ('HtoD', 'DtoH', 'DtoD', 'PtoP', 'HtoH')
        THEN string_split(event.name, ' ')[2]
      WHEN event.copy_kind IN ('HtoD', 'DtoH', 'DtoD', 'PtoP', 'HtoH') THEN event.copy_kind
      ELSE 'other'
    END AS kind,
    event.size_bytes,
    event.correlation_id,
    event.external_id,
    event.graph_id,
    event.graph_node_id
  FROM kineto_event AS event
  CROSS JOIN trace_file AS file
  LEFT JOIN kineto_device_process AS owner ON event.pid = owner.pid
  WHERE event.role = 'copy' AND event.ph = 'X' AND event.start_ns IS NOT NULL
  -- a sort spills to disk, a window over all rows would not
  ORDER BY
    event.device_id, event.stream_id, event.start_ns, event.dur_ns, event.correlation_id,
    event.graph_node_id, event.name, event.pid, event.size_bytes
),

-- the order is kept, so a copy stands right behind its original
told_apart AS (
  SELECT
    *,
    row(
      device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, name, pid, size_bytes
    ) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  trace_id,
  row_number() OVER () AS copy_id,
  device_id,
  stream_id,
  process_id,
  start_ns,
  dur_ns,
  name,
  kind,
  size_bytes,
  correlation_id,
  external_id,
  graph_id,
  graph_node_id
FROM told_apart
WHERE identity IS DISTINCT FROM identity_before
