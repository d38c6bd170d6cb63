-- kineto_kernel_overlap: kernels that begin while an earlier one of their stream runs.
--
-- Why:     a stream runs one kernel after the other, so their times are wrong or their streams are.
-- Grain:   one row per such kernel
-- Inputs:  kernel_row
-- Columns:
--   kernel_id   kernel.kernel_id
--   text_id     kernel_text.text_id
--   overlap_ns  ns from its start to the latest end of those before it
WITH adjacent AS (
  SELECT
    device_id,
    stream_id,
    lag(start_ns + dur_ns) OVER in_order > start_ns AS is_early
  FROM kernel_row
  -- kernel_id is in order of start, shorter ones first
  WINDOW in_order AS (PARTITION BY device_id, stream_id ORDER BY kernel_id)
),

-- if no kernel starts before the previous one ends, no two kernels overlap
crowded AS (
  SELECT DISTINCT device_id, stream_id FROM adjacent
  WHERE is_early
),

timed AS (
  SELECT
    event.kernel_id,
    event.text_id,
    max(event.start_ns + event.dur_ns) OVER (
      PARTITION BY event.device_id, event.stream_id ORDER BY event.kernel_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - event.start_ns AS overlap_ns
  FROM kernel_row AS event
  SEMI JOIN crowded
    ON
      event.device_id = crowded.device_id
      AND event.stream_id IS NOT DISTINCT FROM crowded.stream_id
)

SELECT
  kernel_id,
  text_id,
  overlap_ns
FROM timed
WHERE overlap_ns > 0
