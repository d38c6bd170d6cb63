-- timeline(source): the innermost range at each moment of a track.
--
-- Why:     with it, an ASOF join finds the range around a moment in one look-up. Among nested
--          ranges, the one that started last may already be closed.
-- Grain:   one row per (trace_id, track, start_ns) at which the innermost range of `source`
--          changes; `source` is what nesting() returns
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns; valid until the next row of the track
--   slice_id  the innermost range open from then on; NULL if there is none
--   root_id   the outermost range around it; NULL if there is none
WITH change AS (
  SELECT
    trace_id,
    track,
    start_ns,
    slice_id,
    root_id,
    -1 - depth AS rank_at_moment
  FROM query_table(source)
  WHERE end_ns > start_ns
  UNION ALL
  SELECT
    trace_id,
    track,
    end_ns AS start_ns,
    parent_id AS slice_id,
    if(parent_id IS NULL, NULL, root_id) AS root_id,
    depth AS rank_at_moment
  FROM query_table(source)
  WHERE end_ns > start_ns
)

-- if several changes happen at one moment the last one is valid: the deepest opening, else the
-- outermost closing
SELECT
  trace_id,
  track,
  start_ns,
  arg_min_null(slice_id, rank_at_moment) AS slice_id,
  arg_min_null(root_id, rank_at_moment) AS root_id
FROM change
GROUP BY trace_id, track, start_ns
