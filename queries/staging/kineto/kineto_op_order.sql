-- kineto_op_order: operators of a Kineto trace in their order, without texts.
--
-- Why:     one thread numbers them, all join them with their texts. A sort spills to disk, where a
--          window over all rows would not; texts would make it dear.
-- Grain:   one row per operator
-- Inputs:  kineto_host_range
-- Columns:
--   text_id            kineto_text.text_id
--   start_ns           ns from the trace's base
--   dur_ns             ns
--   external_id        as recorded
--   sequence_number    as recorded
--   forward_thread_id  as recorded
--   op_id              in order of process, thread and start, the outer operator first
WITH ordered AS (
  SELECT
    text_id,
    start_ns,
    dur_ns,
    external_id,
    sequence_number,
    forward_thread_id
  FROM kineto_host_range
  WHERE is_op
  ORDER BY thread_order, start_ns, dur_ns DESC, external_id
)

SELECT
  *,
  row_number() OVER () AS op_id
FROM ordered
