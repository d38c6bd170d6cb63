-- memory_timeline: every event of the allocator, with the operator that allocated or released.
--
-- Why:     the operator says what the memory was for; the allocator's event knows its thread only.
-- Grain:   one row per memory_event
-- Inputs:  memory_event, cpu_op, cpu_op_parent, timeline
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   device_id        device.device_id; -1 for host memory
--   ts_ns            ns from the trace's base
--   track            process and thread; NULL if unknown
--   addr             address; NULL if absent
--   size_bytes       bytes; negative for a release
--   allocated_bytes  bytes in use afterwards; NULL if absent
--   reserved_bytes   bytes held by the allocator afterwards; NULL if absent
--   stack_id         memory_stack.stack_id; NULL unless it is of a memory snapshot
--   op_id            innermost operator on its thread at that moment; NULL if there is none
WITH thread AS (
  SELECT DISTINCT trace_id, process_id, thread_id FROM memory_event
),

-- of a trace without events of the allocator, no operator has to be looked up
threaded AS MATERIALIZED (
  SELECT
    trace_id,
    op_id,
    concat_ws(' ', process_id, thread_id) AS track,
    start_ns
  FROM cpu_op
  SEMI JOIN thread USING (trace_id, process_id, thread_id)
),

operator AS (
  SELECT
    trace_id,
    threaded.track,
    op_id AS slice_id,
    threaded.start_ns,
    parent.end_ns,
    parent.depth,
    parent.parent_op_id AS parent_id,
    parent.root_op_id AS root_id
  FROM threaded
  INNER JOIN cpu_op_parent AS parent USING (trace_id, op_id)
),

change AS (
  FROM timeline('operator')
),

event AS (
  SELECT *, nullif(concat_ws(' ', process_id, thread_id), '') AS track FROM memory_event
)

SELECT
  event.trace_id,
  event.device_id,
  event.ts_ns,
  event.track,
  event.addr,
  event.size_bytes,
  event.allocated_bytes,
  event.reserved_bytes,
  event.stack_id,
  change.slice_id AS op_id
FROM event
ASOF LEFT JOIN change
  ON
    event.trace_id = change.trace_id
    AND event.track = change.track
    AND event.ts_ns >= change.start_ns
