-- kernel_row: the kernels of a Kineto trace, with the number of their texts.
--
-- Why:     rows are chosen by category, never by stream number: 0 is a valid stream, and
--          synchronisations have made-up ones. Duplicates of an event, written at the edge of a
--          step, count once. It sorts, because a sort spills to disk and a window over all rows
--          does not. Names of a graph's kernels are in the trace, as Cuspy writes them, or in a
--          file next to it.
-- Grain:   one row per kernel execution
-- Inputs:  kineto_event, kineto_text, kineto_graph_annotation, trace_file
-- From:    kineto_text WHERE role = 'kernel'
-- Columns:
--   trace_id        trace.trace_id
--   kernel_id       in order of device, stream and start
--   device_id       device.device_id
--   stream_id       stream or queue on the device
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   correlation_id  links to runtime_call; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   registers       registers per thread
--   shared_bytes    shared memory per block, bytes
--   graph_id        CUDA graph; NULL outside graphs or where not recorded
--   graph_node_id   node in that graph
--   annotation      name of the graph node
--   text_id         kernel_text.text_id
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
  ORDER BY
    device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order
),

-- rows stay in order, so a duplicate comes right after its original
identified AS (
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
  FROM identified
  -- a bare comparison of these as a condition would give the rows out of order
  WHERE coalesce(identity IS DISTINCT FROM identity_before, TRUE)
)

SELECT
  file.trace_id,
  kernel.kernel_id,
  kernel.device_id,
  kernel.stream_id,
  kernel.start_ns,
  kernel.dur_ns,
  kernel.correlation_id,
  kernel.external_id,
  kernel.registers,
  kernel.shared_bytes,
  kernel.graph_id,
  kernel.graph_node_id,
  coalesce(text.annotation, named.annotation) AS annotation,
  (file.trace_id::BIGINT << 32) + kernel.text_id AS text_id
FROM numbered AS kernel
INNER JOIN kineto_text AS text ON kernel.text_id = text.text_id
-- Kineto writes CUPTI's whole number of a node, Cuspy its two halves
LEFT JOIN kineto_graph_annotation AS named
  ON
    named.node_id = if(
      kernel.graph_node_id BETWEEN 1 AND 4294967295 AND kernel.graph_id BETWEEN 1 AND 2147483647,
      (kernel.graph_id << 32) + kernel.graph_node_id, kernel.graph_node_id
    )
CROSS JOIN trace_file AS file
