-- work_annotation: the labelled ranges around each work item.
--
-- Why:     component, step, module and attention call are read from these ranges. A thread without
--          labels and frames, such as autograd's, takes those of its process's main thread at that
--          time. Profiler step and user ranges are the main thread's where a thread has no own.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_call, annotation_timeline, labelled_track
-- Texts:   component_id, step_id, module_id, attention_id, python_module_id, python_root_id,
--          profiler_step_id, user_id, user_root_id
-- Columns:
--   trace_id          trace.trace_id
--   work_id           work.work_id
--   component_id      annotation_id of the range around the work, see annotation_timeline; or NULL
--   step_id           annotation_id or NULL, as component_id
--   module_id         annotation_id or NULL, as component_id
--   attention_id      annotation_id or NULL, as component_id
--   python_module_id  annotation_id or NULL, as component_id
--   python_root_id    annotation_id or NULL, as component_id
--   profiler_step_id  annotation_id or NULL, as component_id
--   user_id           annotation_id or NULL, as component_id
--   user_root_id      annotation_id or NULL, as component_id
WITH numbered AS MATERIALIZED (
  SELECT *, row_number() OVER () AS track_number
  FROM labelled_track
),

main_thread AS (
  SELECT trace_id, process_id, track_number
  FROM numbered
  WHERE is_main
),

-- sort and carry only numbers, not track names or the whole state
moment AS (
  SELECT
    work_call.trace_id,
    work_call.work_id,
    work_call.called_ns,
    work_call.forward_called_ns AS called_at_ns,
    coalesce(main_thread.track_number, if(own.is_labelled, own.track_number, NULL)) AS around_track,
    if(forward.is_labelled, forward.track_number, main_thread.track_number) AS called_track,
    nullif(own.track_number, around_track) AS own_track,
    NOT coalesce(called_track = around_track AND called_at_ns = work_call.called_ns, FALSE)
      AS is_called_elsewhere
  FROM work_call
  LEFT JOIN main_thread USING (trace_id, process_id)
  LEFT JOIN numbered AS own
    ON work_call.trace_id = own.trace_id AND work_call.track = own.track
  LEFT JOIN numbered AS forward
    ON work_call.trace_id = forward.trace_id AND work_call.forward_track = forward.track
),

change AS MATERIALIZED (
  SELECT
    annotation_timeline.*,
    numbered.track_number,
    row_number() OVER () AS change_number
  FROM annotation_timeline
  INNER JOIN numbered USING (trace_id, track)
),

placed AS (
  SELECT
    moment.trace_id,
    moment.work_id,
    moment.is_called_elsewhere,
    change.change_number
  FROM moment
  ASOF LEFT JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.around_track = change.track_number
      AND moment.called_ns >= change.start_ns
),

called_elsewhere AS (
  SELECT moment.trace_id, moment.work_id, change.change_number
  FROM moment
  ASOF INNER JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.called_track = change.track_number
      AND moment.called_at_ns >= change.start_ns
  WHERE moment.is_called_elsewhere
),

-- work whose thread is not the main thread
own_thread AS (
  SELECT moment.trace_id, moment.work_id, change.change_number
  FROM moment
  ASOF INNER JOIN change
    ON
      moment.trace_id = change.trace_id
      AND moment.own_track = change.track_number
      AND moment.called_ns >= change.start_ns
  WHERE moment.own_track IS NOT NULL
)

SELECT
  placed.trace_id,
  placed.work_id,
  called.component_id,
  called.step_id,
  called.module_id,
  called.attention_id,
  called.python_module_id,
  called.python_root_id,
  coalesce(own.profiler_step_id, around.profiler_step_id) AS profiler_step_id,
  coalesce(own.user_id, around.user_id) AS user_id,
  coalesce(own.user_root_id, around.user_root_id) AS user_root_id
FROM placed
LEFT JOIN called_elsewhere USING (trace_id, work_id)
LEFT JOIN own_thread USING (trace_id, work_id)
LEFT JOIN change AS called
  ON
    if(
      placed.is_called_elsewhere, called_elsewhere.change_number, placed.change_number
    ) = called.change_number
LEFT JOIN change AS around ON placed.change_number = around.change_number
LEFT JOIN change AS own ON own_thread.change_number = own.change_number
