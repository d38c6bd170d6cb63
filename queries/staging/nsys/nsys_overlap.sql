-- nsys_overlap: NVTX ranges that end before a range that started inside them on the same thread.
--
-- Why:     start/end ranges, and push/pop ranges of two domains, may overlap without nesting.
-- Grain:   one row per such range that isn't an operator
-- Inputs:  nsys_range
-- Columns:
--   row_id  row of NVTX_EVENTS
--   text    as recorded
WITH ended AS (
  SELECT
    *,
    greatest(end_ns - start_ns - 1, 0) AS inside_ns
  FROM nsys_range
  WHERE kind <> 'operator' AND end_ns > start_ns
),

outlasted AS (
  SELECT
    *,
    -- the last end of the ranges of its kind that start inside it
    max(end_ns) OVER (
      PARTITION BY process_id, thread_id, kind
      ORDER BY start_ns
      RANGE BETWEEN 1 FOLLOWING AND inside_ns FOLLOWING
    ) AS inner_end_ns
  FROM ended
)

SELECT
  row_id,
  text
FROM outlasted
WHERE inner_end_ns > end_ns
