-- kineto_call_order: runtime and driver calls of a Kineto trace in order, without texts.
--
-- Why:     numbering is serial, so it uses narrow rows; the text join that follows is parallel. It
--          sorts, because a sort spills to disk and a window over all rows does not. A call that
--          was written twice, with all its times and its correlation, counts once.
-- Grain:   one row per call
-- Inputs:  kineto_event
-- From:    kineto_text WHERE role = 'runtime'
-- Columns:
--   text_id         kineto_text.text_id
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   correlation_id  as recorded
--   external_id     as recorded
--   call_id         in order of process, thread and start
WITH ordered AS (
  SELECT
    text_id,
    start_ns,
    dur_ns,
    correlation_id,
    external_id
  FROM kineto_event
  WHERE role = 'runtime' AND ph = 'X' AND start_ns IS NOT NULL
  ORDER BY thread_order, start_ns, dur_ns DESC, correlation_id
),

-- rows stay in order, so a duplicate comes right after its original
identified AS (
  SELECT
    *,
    row(text_id, start_ns, dur_ns, correlation_id) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  * EXCLUDE (identity, identity_before),
  row_number() OVER () AS call_id
FROM identified
WHERE correlation_id IS NULL OR correlation_id = 0 OR identity IS DISTINCT FROM identity_before
