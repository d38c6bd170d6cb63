-- kineto_op_order: operators of a Kineto trace in order, without texts.
--
-- Why:     numbering is serial, so it uses narrow rows; the text join that follows is parallel. It
--          sorts, because a sort spills to disk and a window over all rows does not. An operator
--          that was written twice, with all its times and its External id, counts once.
-- Grain:   one row per operator
-- Inputs:  kineto_host_range
-- From:    kineto_text WHERE role = 'op'
-- Columns:
--   text_id            kineto_text.text_id
--   start_ns           ns from the trace's base
--   dur_ns             ns
--   external_id        as recorded
--   sequence_number    as recorded
--   forward_thread_id  as recorded
--   op_id              in order of process, thread and start, outer operators first
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
),

-- rows stay in order, so a duplicate comes right after its original
identified AS (
  SELECT
    *,
    row(text_id, start_ns, dur_ns, external_id) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  * EXCLUDE (identity, identity_before),
  row_number() OVER () AS op_id
FROM identified
WHERE external_id IS NULL OR external_id = 0 OR identity IS DISTINCT FROM identity_before
