-- runtime_call_row: the runtime and driver calls of a Kineto trace, with the number of their texts.
--
-- Why:     the driver's category has launches too (cuLaunchKernelEx), so both categories are read,
--          and no list of names is used. It sorts, because a sort spills to disk and a window over
--          all rows does not. A call that was written twice, with all its times and its
--          correlation, counts once.
-- Grain:   one row per call
-- Inputs:  kineto_event, trace_file
-- From:    kineto_text WHERE role = 'runtime'
-- Columns:
--   trace_id        trace.trace_id
--   call_id         in order of process, thread and start
--   start_ns        ns from the trace's base
--   dur_ns          ns on the host
--   correlation_id  shared with the device work that the call launched; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   text_id         runtime_call_text.text_id
WITH ordered AS (
  SELECT
    text_id,
    thread_order,
    signature_id,
    start_ns,
    dur_ns,
    correlation_id,
    external_id
  FROM kineto_event
  WHERE role = 'runtime' AND ph = 'X' AND start_ns IS NOT NULL
  ORDER BY thread_order, start_ns, dur_ns DESC, correlation_id, signature_id
),

-- rows stay in order, so a duplicate comes right after its original; both may have sets of texts of
-- their own, which are equal
identified AS (
  SELECT
    *,
    row(thread_order, signature_id, start_ns, dur_ns, correlation_id) AS identity,
    lag(identity) OVER () AS identity_before
  FROM ordered
)

SELECT
  file.trace_id,
  row_number() OVER () AS call_id,
  call.start_ns,
  call.dur_ns,
  call.correlation_id,
  call.external_id,
  (file.trace_id::BIGINT << 32) + call.text_id AS text_id
FROM identified AS call
CROSS JOIN trace_file AS file
WHERE
  call.correlation_id IS NULL
  OR call.correlation_id = 0
  OR call.identity IS DISTINCT FROM call.identity_before
