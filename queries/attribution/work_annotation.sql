-- work_annotation: the labels, module frames and user ranges that surround each work item.
--
-- Why:     component, step, module and attention call are all read from these.
--          A thread without labels and frames of its own, such as autograd's, follows those of its
--          process's main thread at that time; a user range open on its own thread comes first.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_moment, annotation_timeline
-- Columns:
--   trace_id          trace.trace_id
--   work_id           work.work_id
--   component_id      annotation_id, see annotation_timeline; NULL if none surrounds it
--   step_id           likewise
--   module_id         likewise
--   attention_id      likewise
--   python_module_id  likewise
--   python_root_id    likewise
--   profiler_step_id  likewise
--   user_id           likewise
--   user_root_id      likewise
WITH track_size AS (
  SELECT
    trace_id,
    process_id,
    track,
    row_number() OVER () AS track_number,
    label_count,
    change_count
  FROM (
    SELECT
      trace_id,
      process_id,
      track,
      count(coalesce(
        component_id, step_id, module_id, attention_id, python_module_id, profiler_step_id
      )) AS label_count,
      count(*) AS change_count
    FROM annotation_timeline
    GROUP BY trace_id, process_id, track
  )
),

main_thread AS (
  SELECT
    trace_id,
    process_id,
    arg_max(track_number, (label_count, change_count)) AS track_number
  FROM track_size
  GROUP BY trace_id, process_id
),

-- numbers alone are sorted and carried, not the tracks' names nor all that is open
moment AS (
  SELECT
    work_moment.trace_id,
    work_moment.work_id,
    work_moment.at_ns,
    own.track_number AS own_track,
    work_moment.forward_at_ns,
    if(own.label_count > 0, own.track_number, main_thread.track_number) AS track,
    if(forward.label_count > 0, forward.track_number, main_thread.track_number) AS forward_track
  FROM work_moment
  LEFT JOIN main_thread USING (trace_id, process_id)
  LEFT JOIN track_size AS own
    ON work_moment.trace_id = own.trace_id AND work_moment.track = own.track
  LEFT JOIN track_size AS forward
    ON work_moment.trace_id = forward.trace_id AND work_moment.forward_track = forward.track
),

change AS (
  SELECT
    annotation_timeline.*,
    track_size.track_number,
    row_number() OVER () AS change_number
  FROM annotation_timeline
  INNER JOIN track_size USING (trace_id, process_id, track)
),

around AS (
  SELECT moment.*, change.change_number
  FROM moment
  ASOF LEFT JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.track = change.track_number
      AND moment.at_ns >= change.start_ns
),

-- where the thread is not the one that is followed, or the work is backward, look there too
own AS (
  SELECT moment.trace_id, moment.work_id, change.change_number
  FROM moment
  ASOF INNER JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.own_track = change.track_number
      AND moment.at_ns >= change.start_ns
  WHERE moment.own_track IS DISTINCT FROM moment.track
),

forward AS (
  SELECT moment.trace_id, moment.work_id, change.change_number
  FROM moment
  ASOF INNER JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.forward_track = change.track_number
      AND moment.forward_at_ns >= change.start_ns
  WHERE
    moment.forward_track IS DISTINCT FROM moment.track
    OR moment.forward_at_ns IS DISTINCT FROM moment.at_ns
),

found AS (
  SELECT
    around.trace_id,
    around.work_id,
    around.change_number AS around_number,
    if(around.own_track IS DISTINCT FROM around.track, own.change_number, around.change_number)
      AS own_number,
    if(
      around.forward_track IS DISTINCT FROM around.track
      OR around.forward_at_ns IS DISTINCT FROM around.at_ns,
      forward.change_number,
      around.change_number
    ) AS forward_number
  FROM around
  LEFT JOIN own USING (trace_id, work_id)
  LEFT JOIN forward USING (trace_id, work_id)
)

SELECT
  found.trace_id,
  found.work_id,
  called.component_id,
  called.step_id,
  called.module_id,
  called.attention_id,
  called.python_module_id,
  called.python_root_id,
  coalesce(own.profiler_step_id, around.profiler_step_id) AS profiler_step_id,
  coalesce(own.user_id, around.user_id) AS user_id,
  coalesce(own.user_root_id, around.user_root_id) AS user_root_id
FROM found
LEFT JOIN change AS called ON found.forward_number = called.change_number
LEFT JOIN change AS around ON found.around_number = around.change_number
LEFT JOIN change AS own ON found.own_number = own.change_number
