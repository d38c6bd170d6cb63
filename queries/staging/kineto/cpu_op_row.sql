-- cpu_op_row: the operators of a Kineto trace, with the number of their texts.
--
-- Why:     labels of a capture that are recorded as operators go to annotation. It sorts, because a
--          sort spills to disk and a window over all rows does not. An operator that was written
--          twice, with all its times and its External id, counts once.
-- Grain:   one row per operator execution
-- Inputs:  kineto_host_range, trace_file
-- From:    kineto_text WHERE role = 'op'
-- Columns:
--   trace_id           trace.trace_id
--   op_id              in order of process, thread and start, outer operators first
--   start_ns           ns from the trace's base
--   dur_ns             ns, children included
--   external_id        shared with the device work that it launched; NULL if absent
--   sequence_number    links a backward operator to its forward operator; NULL if absent
--   forward_thread_id  thread of the forward operator; NULL if absent
--   text_id            cpu_op_text.text_id
WITH ordered AS (
  SELECT
    text_id,
    thread_order,
    signature_id,
    start_ns,
    dur_ns,
    external_id,
    sequence_number,
    forward_thread_id
  FROM kineto_host_range
  WHERE is_op
  ORDER BY thread_order, start_ns, dur_ns DESC, external_id, signature_id
),

-- rows stay in order, so a duplicate comes right after its original; both may have sets of texts of
-- their own, which are equal
identified AS (
  SELECT
    *,
    row(thread_order, signature_id, start_ns, dur_ns, external_id) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  file.trace_id,
  row_number() OVER () AS op_id,
  op.start_ns,
  op.dur_ns,
  op.external_id,
  op.sequence_number,
  op.forward_thread_id,
  (file.trace_id::BIGINT << 32) + op.text_id AS text_id
FROM identified AS op
CROSS JOIN trace_file AS file
WHERE
  op.external_id IS NULL
  OR op.external_id = 0
  OR op.identity IS DISTINCT FROM op.identity_before
