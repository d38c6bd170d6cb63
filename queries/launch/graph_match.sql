-- graph_match: which captured launch each kernel of a replay is (149 lines because it aligns).
--
-- Why:     a replay can lack a kernel that was captured, and equal names repeat in every layer. The
--          shortest list of insertions and deletions between the two orders (Myers, 1986) takes
--          steps in proportion to their differences, which are few or the pair is refused.
-- Grain:   one row per matched kernel of the first replay of each order of kernels
-- Inputs:  graph_pair, named_launch, replayed_kernel
-- Kept:    view
-- Columns:
--   trace_id           graph_pair.sequence_trace_id
--   call_id            graph_pair.sequence_call_id
--   captured_trace_id  see graph_pair
--   source             see graph_pair
--   list_id            see graph_pair
--   position           replayed_kernel.position
--   captured_position  named_launch.position
-- Never:   GROUP BY trace_id, call_id, position HAVING count(*) > 1
WITH RECURSIVE
pair AS MATERIALIZED (
  SELECT
    row_number() OVER (ORDER BY sequence_trace_id, sequence_call_id) AS pair_id,
    *,
    -- with more differences, fewer than 95 % match; hundreds are another graph
    least(
      captured_count + kernel_count - 2 * cast(ceil(0.95 * kernel_count) AS BIGINT), 512
    ) AS most
  FROM (
    SELECT DISTINCT
      sequence_trace_id,
      sequence_call_id,
      captured_trace_id,
      source,
      list_id,
      captured_count,
      kernel_count
    FROM graph_pair
    WHERE refusal IS NULL
  ) AS asked
),

replayed AS (
  SELECT pair.pair_id, pair.most, kernel.position, kernel.kernel_name
  FROM pair
  INNER JOIN replayed_kernel AS kernel
    ON pair.sequence_trace_id = kernel.trace_id AND pair.sequence_call_id = kernel.call_id
),

-- diagonal d pairs position p of the replay with p + d of the capture
compared AS (
  SELECT
    replayed.pair_id,
    captured.position - replayed.position AS diagonal,
    captured.position AS captured_position,
    captured.kernel_name = replayed.kernel_name AS is_equal
  FROM replayed
  INNER JOIN pair USING (pair_id)
  CROSS JOIN unnest(range(-replayed.most, replayed.most + 1)) AS shift (diagonal)
  INNER JOIN named_launch AS captured
    ON
      pair.captured_trace_id = captured.trace_id
      AND pair.source = captured.source
      AND pair.list_id = captured.list_id
      AND replayed.position + shift.diagonal = captured.position
),

run AS MATERIALIZED (
  SELECT
    pair_id,
    diagonal,
    captured_position,
    coalesce(
      min(if(is_equal, NULL, captured_position)) OVER following,
      max(captured_position) OVER following + 1
    ) AS run_end
  FROM compared
  WINDOW following AS (
    PARTITION BY pair_id, diagonal ORDER BY captured_position
    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
  )
),

-- after each number of differences, how far each diagonal is reached
reached AS (
  SELECT
    pair.pair_id,
    0 AS difference_count,
    0::BIGINT AS diagonal,
    coalesce(run.run_end, 0) AS far,
    [row(0::BIGINT, 0::BIGINT, coalesce(run.run_end, 0))] AS runs
  FROM pair
  LEFT JOIN run
    ON pair.pair_id = run.pair_id AND run.diagonal = 0 AND run.captured_position = 0
  UNION ALL
  SELECT
    moved.pair_id,
    moved.difference_count,
    moved.diagonal,
    coalesce(run.run_end, moved.far) AS far,
    list_append(moved.runs, row(moved.diagonal, moved.far, coalesce(run.run_end, moved.far)))
      AS runs
  FROM (
    SELECT
      reached.pair_id,
      reached.difference_count + 1 AS difference_count,
      reached.diagonal + step.shift AS diagonal,
      max(reached.far + greatest(step.shift, 0)) AS far,
      arg_max(reached.runs, reached.far + greatest(step.shift, 0)) AS runs
    FROM reached
    CROSS JOIN (VALUES (1), (-1)) AS step (shift)
    INNER JOIN pair AS bound USING (pair_id)
    WHERE
      reached.difference_count < bound.most
      AND reached.far + greatest(step.shift, 0) <= bound.captured_count
      AND reached.far + greatest(step.shift, 0) - reached.diagonal - step.shift
      <= bound.kernel_count
      AND reached.pair_id NOT IN (
        SELECT done.pair_id FROM reached AS done
        INNER JOIN pair AS asked USING (pair_id)
        WHERE
          done.far = asked.captured_count
          AND done.far - done.diagonal = asked.kernel_count
      )
    GROUP BY ALL
  ) AS moved
  LEFT JOIN run
    ON
      moved.pair_id = run.pair_id
      AND moved.diagonal = run.diagonal
      AND moved.far = run.captured_position
),

path AS (
  -- each run is its diagonal, and the captured positions where it begins and ends
  SELECT pair.*, unnest(reached.runs) AS run
  FROM reached
  INNER JOIN pair USING (pair_id)
  WHERE
    reached.far = pair.captured_count AND reached.far - reached.diagonal = pair.kernel_count
)

SELECT
  sequence_trace_id AS trace_id,
  sequence_call_id AS call_id,
  captured_trace_id,
  source,
  list_id,
  unnest(range(run[2], run[3])) - run[1] AS position,
  position + run[1] AS captured_position
FROM path
