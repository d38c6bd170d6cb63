-- kineto_kernel_order: kernels of a Kineto trace in order, without duplicates and texts.
--
-- Why:     numbering is serial, so it uses narrow rows; the text join that follows is parallel. It
--          sorts, because a sort spills to disk and a window over all rows does not.
-- Grain:   one row per kernel
-- Inputs:  kineto_event
-- From:    kineto_text WHERE role = 'kernel'
-- Columns:
--   text_id         kineto_text.text_id
--   device_id       see kineto_event
--   stream_id       stream or queue
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   work_order      see kineto_text
--   correlation_id  as recorded
--   external_id     as recorded
--   registers       registers per thread
--   shared_bytes    shared memory per block, bytes
--   graph_id        CUDA graph
--   graph_node_id   node in that graph
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

-- rows stay in order, so a duplicate comes right after its original
identified AS (
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
FROM identified
WHERE identity IS DISTINCT FROM identity_before
