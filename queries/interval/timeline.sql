-- timeline(source): the innermost range at each moment of a track.
--
-- Why:     an ASOF join with it finds the range around a moment in one look-up; of ranges that
--          nest, the one that started last need not be the one still open.
-- Grain:   one row per (trace_id, track, start_ns) at which the innermost range of `source`
--          changes; `source` is what nesting() returns
-- Inputs:  none
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns; holds until the next row of the track
--   slice_id  the innermost range open from then on; NULL if none is
--   root_id   the outermost one around it; NULL if none is
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

-- of several changes at one moment the last holds: the deepest opening, else the outermost closing
SELECT
  trace_id,
  track,
  start_ns,
  arg_min_null(slice_id, rank_at_moment) AS slice_id,
  arg_min_null(root_id, rank_at_moment) AS root_id
FROM change
GROUP BY trace_id, track, start_ns
