-- annotation_timeline: the labels, module frames and user ranges open at each moment of a thread.
--
-- Why:     ranges nest, and what surrounds a moment is needed often. With the state after each
--          change, one ASOF join gives everything that surrounds a moment.
-- Grain:   one row per (trace_id, track, start_ns) at which a range of the thread opens or closes
-- Inputs:  known_annotation, annotation_role, annotation_parent, timeline
-- From:    known_annotation
-- Columns:
--   trace_id          trace.trace_id
--   process_id        annotation.process_id
--   track             process and thread
--   start_ns          ns; the state holds until the next row of the track
--   component_id      annotation_id of the innermost component label, or of the outermost around a
--                     range that a rule knows: a stage holds its parts; NULL if none is open
--   step_id           annotation_id of the innermost step label; NULL if none is open
--   module_id         annotation_id of the innermost module label; NULL if none is open
--   attention_id      annotation_id of the innermost attention label; NULL if none is open
--   python_module_id  annotation_id of the innermost nn.Module frame; NULL if none is open
--   python_root_id    annotation_id of the outermost nn.Module frame; NULL if none is open
--   profiler_step_id  annotation_id of the profiler's step; NULL if none is open
--   user_id           annotation_id of the innermost other range that the framework did not write,
--                     else of the innermost part of a stage that a rule knows; NULL if neither is
--                     open
--   user_root_id      annotation_id of the outermost such range; NULL if none is open
WITH nested AS (
  SELECT
    trace_id,
    track,
    annotation_id AS slice_id,
    start_ns,
    end_ns,
    depth,
    parent_annotation_id AS parent_id,
    root_annotation_id AS root_id
  FROM annotation_parent
),

change AS (
  FROM timeline('nested')
),

annotation_track AS (
  SELECT DISTINCT
    trace_id,
    concat_ws(' ', kind, process_id, thread_id) AS track,
    kind,
    process_id,
    concat_ws(' ', process_id, thread_id) AS thread_track
  FROM known_annotation AS annotation
),

-- -1 is a closing here, so that NULL can mean "no change of this kind"
pivoted AS (
  SELECT
    change.trace_id,
    any_value(annotation_track.process_id) AS process_id,
    annotation_track.thread_track AS track,
    change.start_ns,
    max(coalesce(if(ruled.annotation_id IS NULL, change.slice_id, change.root_id), -1))
    FILTER (annotation_track.kind = 'component') AS component,
    -- a part of a stage that a rule knows, too, is shown as a module
    max(if(ruled.annotation_id IS NULL OR change.slice_id = change.root_id, -1, change.slice_id))
    FILTER (annotation_track.kind = 'component') AS part,
    max(coalesce(change.slice_id, -1)) FILTER (annotation_track.kind = 'step') AS step,
    max(coalesce(change.slice_id, -1)) FILTER (annotation_track.kind = 'module') AS module,
    max(coalesce(change.slice_id, -1)) FILTER (annotation_track.kind = 'attention') AS attention,
    max(coalesce(change.slice_id, -1))
    FILTER (annotation_track.kind = 'python_module') AS python_module,
    max(coalesce(change.root_id, -1))
    FILTER (annotation_track.kind = 'python_module') AS python_root,
    max(coalesce(change.slice_id, -1))
    FILTER (annotation_track.kind = 'profiler_step') AS profiler_step,
    max(coalesce(change.slice_id, -1)) FILTER (annotation_track.kind = 'user') AS user_range,
    max(coalesce(change.root_id, -1)) FILTER (annotation_track.kind = 'user') AS user_root
  FROM change
  INNER JOIN annotation_track USING (trace_id, track)
  LEFT JOIN annotation_role AS ruled
    ON change.trace_id = ruled.trace_id AND change.slice_id = ruled.annotation_id
  GROUP BY change.trace_id, annotation_track.thread_track, change.start_ns
)

-- the last change of a kind: arg_max ignores NULLs and, unlike last_value IGNORE NULLS, does not
-- look back over all earlier rows for each row
SELECT
  trace_id,
  process_id,
  track,
  start_ns,
  nullif(arg_max(component, start_ns) OVER in_order, -1) AS component_id,
  nullif(arg_max(step, start_ns) OVER in_order, -1) AS step_id,
  nullif(arg_max(module, start_ns) OVER in_order, -1) AS module_id,
  nullif(arg_max(attention, start_ns) OVER in_order, -1) AS attention_id,
  nullif(arg_max(python_module, start_ns) OVER in_order, -1) AS python_module_id,
  nullif(arg_max(python_root, start_ns) OVER in_order, -1) AS python_root_id,
  nullif(arg_max(profiler_step, start_ns) OVER in_order, -1) AS profiler_step_id,
  coalesce(
    nullif(arg_max(user_range, start_ns) OVER in_order, -1),
    nullif(arg_max(part, start_ns) OVER in_order, -1)
  ) AS user_id,
  nullif(arg_max(user_root, start_ns) OVER in_order, -1) AS user_root_id
FROM pivoted
WINDOW in_order AS (
  PARTITION BY trace_id, track ORDER BY start_ns ROWS UNBOUNDED PRECEDING
)
