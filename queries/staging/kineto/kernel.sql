-- kernel: the kernels of a Kineto trace.
--
-- Why:     chosen by category, never by stream number: 0 is a valid stream, and synchronisations
--          carry made-up ones. Copies of one event, as written at the edge of a step, count once.
-- Grain:   one row per kernel execution
-- Inputs:  kineto_event, kineto_device_process, trace_file
-- Columns:
--   trace_id        trace.trace_id
--   kernel_id       in order of device, stream and start
--   device_id       device.device_id
--   stream_id       stream or queue on the device
--   process_id      see kineto_device_process; NULL in a trace of one process
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   name            as recorded
--   correlation_id  links to runtime_call; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   grid            '[x,y,z]' blocks; NULL if absent
--   block           '[x,y,z]' threads; NULL if absent
--   registers       per thread
--   shared_bytes    per block
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
    event.correlation_id,
    event.external_id,
    event.grid,
    event.block,
    event.registers,
    event.shared_bytes,
    event.graph_id,
    event.graph_node_id
  FROM kineto_event AS event
  CROSS JOIN trace_file AS file
  LEFT JOIN kineto_device_process AS owner ON event.pid = owner.pid
  WHERE event.role = 'kernel' AND event.ph = 'X' AND event.start_ns IS NOT NULL
  -- a sort spills to disk, a window over all rows would not
  ORDER BY
    event.device_id, event.stream_id, event.start_ns, event.dur_ns, event.correlation_id,
    event.graph_node_id, event.name, event.pid
),

-- the order is kept, so a copy stands right behind its original
told_apart AS (
  SELECT
    *,
    row(
      device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, name, pid
    ) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  trace_id,
  row_number() OVER () AS kernel_id,
  device_id,
  stream_id,
  process_id,
  start_ns,
  dur_ns,
  name,
  correlation_id,
  external_id,
  grid,
  block,
  registers,
  shared_bytes,
  graph_id,
  graph_node_id
FROM told_apart
WHERE identity IS DISTINCT FROM identity_before
