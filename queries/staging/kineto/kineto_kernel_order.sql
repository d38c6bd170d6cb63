-- kineto_kernel_order: kernels of a Kineto trace in their order, each once, without texts.
--
-- Why:     one thread numbers them, all join them with their texts. A sort spills to disk, where a
--          window over all rows would not; texts would make it dear.
-- Grain:   one row per kernel
-- Inputs:  kineto_event
-- Columns:
--   text_id         kineto_text.text_id
--   device_id       see kineto_event
--   stream_id       stream or queue
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   work_order      see kineto_text
--   correlation_id  as recorded
--   external_id     as recorded
--   registers       per thread
--   shared_bytes    per block
--   graph_id        CUDA graph
--   graph_node_id   node of that graph
--   kernel_id       in order of device, stream and start
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

-- the order is kept, so a copy stands right behind its original
told_apart AS (
  SELECT
    *,
    row(device_id, stream_id, start_ns, dur_ns, correlation_id, graph_node_id, work_order)
      AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  * EXCLUDE (identity, identity_before),
  row_number() OVER () AS kernel_id
FROM told_apart
WHERE identity IS DISTINCT FROM identity_before
