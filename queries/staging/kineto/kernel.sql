-- kernel: the kernels of a Kineto trace.
--
-- Why:     chosen by category, never by stream number: 0 is a valid stream, and synchronisations
--          carry made-up ones. Copies of one event, as written at the edge of a step, count once.
-- Grain:   one row per kernel execution
-- Inputs:  kineto_event, kineto_text, kineto_device_process, trace_file
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
    text_id,
    device_id,
    stream_id,
    start_ns,
    dur_ns,
    work_order,
    correlation_id,
    external_id,
    registers,
    shared_bytes,
    graph_id,
    graph_node_id
  FROM kineto_event
  WHERE role = 'kernel' AND ph = 'X' AND start_ns IS NOT NULL
  -- a sort spills to disk, a window over all rows would not; texts would make it dear
  ORDER BY
    device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order
),

-- the order is kept, so a copy stands right behind its original
told_apart AS (
  SELECT
    *,
    row(device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order)
      AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
),

numbered AS (
  SELECT
    * EXCLUDE (identity, identity_before),
    row_number() OVER () AS kernel_id
  FROM told_apart
  WHERE identity IS DISTINCT FROM identity_before
)

SELECT
  file.trace_id,
  numbered.kernel_id,
  numbered.device_id,
  numbered.stream_id,
  owner.process_id,
  numbered.start_ns,
  numbered.dur_ns,
  text.name,
  numbered.correlation_id,
  numbered.external_id,
  text.grid,
  text.block,
  numbered.registers,
  numbered.shared_bytes,
  numbered.graph_id,
  numbered.graph_node_id
FROM numbered
INNER JOIN kineto_text AS text ON numbered.text_id = text.text_id
LEFT JOIN kineto_device_process AS owner ON text.pid = owner.pid
CROSS JOIN trace_file AS file
