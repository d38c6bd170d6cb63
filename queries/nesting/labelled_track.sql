-- labelled_track: the threads with ranges that can surround work, and the main one of each process.
--
-- Why:     autograd's threads seldom have labels or frames of their own, so their work takes those
--          of the process's thread that has most.
-- Grain:   one row per (trace_id, process_id, track) of annotation_timeline
-- Inputs:  annotation_timeline
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   process_id   annotation.process_id
--   track        process and thread
--   is_labelled  true if a label or a frame is ever open on it
--   is_main      true for the thread of the process with most changes of labels and frames, and of
--                those for the one with most changes of any kind
-- Never:   WHERE is_main GROUP BY trace_id, process_id HAVING count(*) > 1
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
)

SELECT
  trace_id,
  process_id,
  track,
  label_count > 0 AS is_labelled,
  row_number() OVER (
    PARTITION BY trace_id, process_id ORDER BY label_count DESC, change_count DESC, track
  ) = 1 AS is_main
FROM track_size
