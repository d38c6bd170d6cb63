-- kineto_kernel_overlap: kernels that begin while an earlier one of their stream runs.
--
-- Why:     a stream runs one kernel after the other, so their times are wrong or their streams are.
-- Grain:   one row per such kernel
-- Inputs:  kernel_row
-- Columns:
--   kernel_id   kernel.kernel_id
--   text_id     kernel_text.text_id
--   overlap_ns  ns from its start to the latest end of those before it
WITH timed AS (
  SELECT
    kernel_id,
    text_id,
    -- kernel_id is in order of start, shorter ones first
    max(start_ns + dur_ns) OVER (
      PARTITION BY device_id, stream_id ORDER BY kernel_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) - start_ns AS overlap_ns
  FROM kernel_row
)

SELECT
  kernel_id,
  text_id,
  overlap_ns
FROM timed
WHERE overlap_ns > 0
