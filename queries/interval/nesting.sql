-- nesting(source): which range of a track is inside which.
--
-- Why:     operators, module frames and labels nest like a call stack. Joining each range with all
--          that enclose it is quadratic; this is linear in the number of ranges. Ranges that
--          overlap partly are a stack too: an end closes the range opened last, so each moment
--          belongs to one range. Of two ranges with one start the longer one is the outer, and of
--          equal ones that with the lower `tie`. A range without length contains nothing.
-- Grain:   one row per range of `source`: trace_id, track, slice_id, start_ns, dur_ns, tie
-- Inputs:  none
-- Columns:
--   trace_id   trace.trace_id
--   track      as given; ranges nest within one track
--   slice_id   as given
--   start_ns   as given
--   end_ns     ns, start plus dur_ns, or where the stack closes it if ranges overlap partly
--   depth      0 if nothing encloses it
--   parent_id  slice_id of the innermost range around it; NULL at depth 0
--   root_id    slice_id of the outermost range around it, itself at depth 0
WITH edge AS (
  SELECT
    trace_id,
    track,
    slice_id,
    start_ns AS at_ns,
    if(dur_ns > 0, 1, 2) AS phase,
    -dur_ns AS longest_first,
    tie
  FROM query_table(source)
  UNION ALL
  SELECT
    trace_id,
    track,
    NULL AS slice_id,
    start_ns + dur_ns AS at_ns,
    0 AS phase,
    0 AS longest_first,
    0 AS tie
  FROM query_table(source)
  WHERE dur_ns > 0
),

counted AS (
  SELECT
    trace_id,
    track,
    slice_id,
    at_ns,
    phase,
    cast(sum(CASE phase WHEN 0 THEN -1 WHEN 1 THEN 1 ELSE 0 END) OVER (
      PARTITION BY trace_id, track
      ORDER BY at_ns, phase, longest_first, tie, slice_id
      ROWS UNBOUNDED PRECEDING
    ) AS INTEGER) AS open_count
  FROM edge
),

placed AS (
  SELECT
    trace_id,
    track,
    slice_id,
    at_ns,
    phase,
    if(phase = 1, open_count - 1, open_count) AS depth
  FROM counted
),

ended AS (
  SELECT
    trace_id,
    track,
    slice_id,
    at_ns AS start_ns,
    depth,
    phase,
    if(phase = 2, at_ns, lead(at_ns) OVER (
      PARTITION BY trace_id, track, depth, phase = 2 ORDER BY at_ns, phase
    )) AS end_ns
  FROM placed
),

opened AS (
  SELECT trace_id, track, slice_id, start_ns, end_ns, depth
  FROM ended
  WHERE phase > 0
),

holder AS (
  SELECT trace_id, track, slice_id, start_ns, depth
  FROM ended
  WHERE phase = 1
),

outermost AS (
  SELECT trace_id, track, slice_id, start_ns
  FROM holder
  WHERE depth = 0
)

SELECT
  opened.trace_id,
  opened.track,
  opened.slice_id,
  opened.start_ns,
  opened.end_ns,
  opened.depth,
  parent.slice_id AS parent_id,
  if(opened.depth = 0, opened.slice_id, root.slice_id) AS root_id
FROM opened
ASOF LEFT JOIN holder AS parent
  ON
    opened.trace_id = parent.trace_id
    AND opened.track = parent.track
    AND opened.depth - 1 = parent.depth
    AND opened.start_ns >= parent.start_ns
ASOF LEFT JOIN outermost AS root
  ON
    opened.trace_id = root.trace_id
    AND opened.track = root.track
    AND opened.start_ns >= root.start_ns
