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
    count(coalesce(
      component_id, step_id, module_id, attention_id, python_module_id, profiler_step_id
    )) AS label_count,
    count(*) AS change_count
  FROM annotation_timeline
  GROUP BY trace_id, process_id, track
),

main_thread AS (
  SELECT
    trace_id,
    process_id,
    arg_max(track, (label_count, change_count)) AS track
  FROM track_size
  GROUP BY trace_id, process_id
),

moment AS (
  SELECT
    work_moment.trace_id,
    work_moment.work_id,
    work_moment.at_ns,
    work_moment.track AS own_track,
    work_moment.forward_at_ns,
    if(own.label_count > 0, work_moment.track, main_thread.track) AS track,
    if(forward.label_count > 0, work_moment.forward_track, main_thread.track) AS forward_track
  FROM work_moment
  LEFT JOIN main_thread USING (trace_id, process_id)
  LEFT JOIN track_size AS own
    ON work_moment.trace_id = own.trace_id AND work_moment.track = own.track
  LEFT JOIN track_size AS forward
    ON work_moment.trace_id = forward.trace_id AND work_moment.forward_track = forward.track
)

SELECT
  moment.trace_id,
  moment.work_id,
  called.component_id,
  called.step_id,
  called.module_id,
  called.attention_id,
  called.python_module_id,
  called.python_root_id,
  coalesce(own.profiler_step_id, around.profiler_step_id) AS profiler_step_id,
  coalesce(own.user_id, around.user_id) AS user_id,
  coalesce(own.user_root_id, around.user_root_id) AS user_root_id
FROM moment
ASOF LEFT JOIN annotation_timeline AS called
  ON
    moment.trace_id = called.trace_id
    AND moment.forward_track = called.track
    AND moment.forward_at_ns >= called.start_ns
ASOF LEFT JOIN annotation_timeline AS around
  ON
    moment.trace_id = around.trace_id
    AND moment.track = around.track
    AND moment.at_ns >= around.start_ns
ASOF LEFT JOIN annotation_timeline AS own
  ON
    moment.trace_id = own.trace_id
    AND moment.own_track = own.track
    AND moment.at_ns >= own.start_ns
