-- straggler_item: the time that a rank spent waiting for the last rank of each collective.
--
-- Why:     a collective begins when its last rank arrives. What the others wait, and could not fill
--          with computing, is lost to all of them because of one rank.
-- Grain:   one row per kernel of a rank that waited for the last rank with nothing to compute;
--          none if the ranks can't be matched or a rank of the job is missing
-- Inputs:  trace, rank_collective, communication, exposed_stretch, window_time
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          'straggler'
--   place         the rank that was last: 'rank 3'
--   device_id     device.device_id
--   unit_id       kernel.kernel_id of the collective
--   work_id       the same
--   detail        'for rank 3'
--   wait_ns       see rank_collective; the first part of the kernel
--   lost_ns       ns of it in which the device computed nothing
--   kept_low_ns   ns of it that would stay at least: 0, if all ranks came as early as this one
--   kept_ns       ns that would stay if the last rank came with the next to last
--   kept_high_ns  ns that would stay if what it is late by were spread over all ranks
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns AND lost_ns <= wait_ns)
WITH late AS (
  SELECT
    rank_collective.*,
    min(if(
      rank_collective.rank <> rank_collective.straggler_rank, rank_collective.wait_ns, NULL
    )) OVER same AS next_wait_ns,
    count(*) OVER same AS rank_count
  FROM rank_collective
  INNER JOIN trace USING (trace_id)
  WHERE rank_collective.straggler_rank IS NOT NULL
  WINDOW same AS (
    PARTITION BY
      rank_collective.job, trace.world_size, rank_collective.process_group, rank_collective.ordinal
  )
),

wait AS (
  SELECT
    late.*,
    communication.device_id,
    communication.start_ns AS begin_ns
  FROM late
  INNER JOIN communication USING (trace_id, kernel_id)
  WHERE late.wait_ns > 0
),

span AS (
  SELECT
    trace_id,
    kernel_id AS series,
    begin_ns AS start_ns,
    begin_ns + wait_ns AS end_ns
  FROM wait
),

stretch AS (
  SELECT
    trace_id,
    device_id AS state,
    start_ns,
    end_ns
  FROM exposed_stretch
  SEMI JOIN wait USING (trace_id, device_id)
),

exposed AS (
  SELECT
    wait.*,
    held.state_ns AS lost_ns,
    least(held.state_ns, wait.next_wait_ns) AS spared_ns
  FROM window_time('stretch', 'span') AS held
  INNER JOIN wait
    ON
      held.trace_id = wait.trace_id
      AND held.series = wait.kernel_id
      AND held.state = wait.device_id
)

SELECT
  trace_id,
  'straggler' AS kind,
  'rank ' || straggler_rank AS place,
  device_id,
  kernel_id AS unit_id,
  kernel_id AS work_id,
  'for rank ' || straggler_rank AS detail,
  wait_ns,
  lost_ns,
  0::BIGINT AS kept_low_ns,
  lost_ns - spared_ns AS kept_ns,
  lost_ns - spared_ns * (rank_count - 1) // rank_count AS kept_high_ns
FROM exposed
