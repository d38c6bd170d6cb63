-- wait_place: the operator and Python line of each waiting call (135 lines because of two stacks).
--
-- Why:     a synchronisation is found by the line of the program that asks for it; frames of torch
--          itself say nothing about the program.
-- Grain:   one row per (trace_id, call_id) of waiting_call in an operator or a Python frame
-- Inputs:  waiting_call, operator_slice, python_call, nesting, timeline
-- Kept:    view
-- Columns:
--   trace_id        trace.trace_id
--   call_id         runtime_call.call_id
--   op_id           innermost operator around the call's start; NULL if there is none
--   python_call_id  innermost frame of a .py file around the call's start that is not torch's, else
--                   the innermost one; NULL if there is none, or if frames were not loaded
-- Never:   GROUP BY trace_id, call_id HAVING count(*) > 1
WITH wait AS MATERIALIZED (
  SELECT
    trace_id,
    call_id,
    track,
    start_ns
  FROM waiting_call
),

-- only what is open when a wait begins, which is little: the next wait begins before its end
nested_operator AS MATERIALIZED (
  SELECT operator.*
  FROM operator_slice AS operator
  ASOF INNER JOIN wait
    ON
      operator.trace_id = wait.trace_id
      AND operator.track = wait.track
      AND operator.start_ns <= wait.start_ns
  WHERE wait.start_ns < operator.end_ns
),

operator_change AS (
  FROM timeline('nested_operator')
),

frame AS (
  SELECT
    trace_id,
    concat_ws(' ', process_id, thread_id) AS track,
    call_id AS slice_id,
    start_ns,
    dur_ns,
    coalesce(python_id, 0) AS tie,
    regexp_matches(name, '^(.*(site|dist)-packages/)?torch/') AS is_torch
  FROM python_call
  WHERE contains(name, '.py(')
),

open_frame AS MATERIALIZED (
  SELECT frame.*
  FROM frame
  ASOF INNER JOIN wait
    ON
      frame.trace_id = wait.trace_id
      AND frame.track = wait.track
      AND frame.start_ns <= wait.start_ns
  WHERE wait.start_ns < frame.start_ns + frame.dur_ns
),

-- two stacks a thread: all frames, and those of the program
stacked AS (
  SELECT * EXCLUDE (track, is_torch), 'all ' || track AS track FROM open_frame
  UNION ALL
  SELECT * EXCLUDE (track, is_torch), 'own ' || track AS track FROM open_frame
  WHERE NOT is_torch
),

nested_frame AS (
  FROM nesting('stacked')
),

frame_change AS (
  FROM timeline('nested_frame')
),

looked AS (
  SELECT trace_id, call_id, 'all ' || track AS track, start_ns FROM wait
  UNION ALL
  SELECT trace_id, call_id, 'own ' || track AS track, start_ns FROM wait
),

place AS (
  SELECT
    wait.trace_id,
    wait.call_id,
    change.slice_id AS op_id,
    NULL AS own_frame_id,
    NULL AS any_frame_id
  FROM wait
  ASOF INNER JOIN operator_change AS change
    ON
      wait.trace_id = change.trace_id
      AND wait.track = change.track
      AND wait.start_ns >= change.start_ns
  UNION ALL
  SELECT
    looked.trace_id,
    looked.call_id,
    NULL AS op_id,
    if(starts_with(looked.track, 'own '), change.slice_id, NULL) AS own_frame_id,
    if(starts_with(looked.track, 'all '), change.slice_id, NULL) AS any_frame_id
  FROM looked
  ASOF INNER JOIN frame_change AS change
    ON
      looked.trace_id = change.trace_id
      AND looked.track = change.track
      AND looked.start_ns >= change.start_ns
)

SELECT
  trace_id,
  call_id,
  max(op_id) AS op_id,
  coalesce(max(own_frame_id), max(any_frame_id)) AS python_call_id
FROM place
GROUP BY trace_id, call_id
HAVING coalesce(max(op_id), max(any_frame_id)) IS NOT NULL
