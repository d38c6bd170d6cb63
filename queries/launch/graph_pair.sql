-- graph_pair: each replay of a CUDA graph, and launches like it (128 lines because of refusals).
--
-- Why:     a capture may be in another file. Names prove that it belongs to the replay, so all of
--          a study are candidates, unless their models differ. How many names are common bounds
--          how many kernels can match in order.
-- Grain:   one row per launch of a graph with kernels
-- Inputs:  trace, named_launch, replayed_kernel
-- Kept:    view
-- Columns:
--   trace_id           trace.trace_id
--   call_id            runtime_call.call_id of the graph launch
--   replay_index       see replayed_kernel
--   kernel_count       kernels of the replay
--   kernel_ns          ns, sum of their durations
--   sequence_trace_id  trace_id of the first replay with the same kernels in the same order
--   sequence_call_id   its call_id
--   captured_trace_id  trace_id of the list; NULL without a candidate
--   source             see named_launch
--   list_id            see named_launch
--   captured_count     launches of the list
--   common_count       names that both have, each as often as the one that has it less often
--   refusal            why they can't be aligned; NULL if they can
-- Never:   WHERE common_count > least(kernel_count, captured_count)
WITH replay AS (
  SELECT
    trace_id,
    call_id,
    any_value(replay_index) AS replay_index,
    any_value(stream_count) AS stream_count,
    count(*) AS kernel_count,
    cast(sum(dur_ns) AS BIGINT) AS kernel_ns,
    hash(list(kernel_name ORDER BY position)) AS sequence
  FROM replayed_kernel
  GROUP BY trace_id, call_id
),

first AS (
  SELECT sequence, min((trace_id, call_id)) AS replay
  FROM replay
  GROUP BY sequence
),

replay_name AS (
  SELECT kernel.trace_id, kernel.call_id, kernel.kernel_name, count(*) AS name_count
  FROM replayed_kernel AS kernel
  INNER JOIN first ON (kernel.trace_id, kernel.call_id) = first.replay
  GROUP BY kernel.trace_id, kernel.call_id, kernel.kernel_name
),

capture_name AS (
  SELECT trace_id, source, list_id, kernel_name, count(*) AS name_count
  FROM named_launch
  WHERE kernel_name IS NOT NULL
  GROUP BY trace_id, source, list_id, kernel_name
),

capture AS (
  SELECT trace_id, source, list_id, count(*) AS captured_count
  FROM named_launch
  GROUP BY trace_id, source, list_id
),

common AS (
  SELECT
    replay_name.trace_id,
    replay_name.call_id,
    capture_name.trace_id AS captured_trace_id,
    capture_name.source,
    capture_name.list_id,
    cast(sum(least(replay_name.name_count, capture_name.name_count)) AS BIGINT) AS common_count
  FROM replay_name
  INNER JOIN capture_name USING (kernel_name)
  INNER JOIN trace AS own ON replay_name.trace_id = own.trace_id
  INNER JOIN trace AS other ON capture_name.trace_id = other.trace_id
  WHERE coalesce(own.model = other.model, TRUE)
  GROUP BY ALL
),

chosen AS (
  SELECT common.*, capture.captured_count
  FROM common
  INNER JOIN capture
    ON
      common.captured_trace_id = capture.trace_id
      AND common.source = capture.source
      AND common.list_id = capture.list_id
  QUALIFY
    row_number() OVER (
      PARTITION BY common.trace_id, common.call_id
      ORDER BY
        common.common_count DESC, common.source ASC,
        common.captured_trace_id = common.trace_id DESC, capture.captured_count ASC,
        common.captured_trace_id ASC, common.list_id ASC
    ) = 1
)

SELECT
  replay.trace_id,
  replay.call_id,
  replay.replay_index,
  replay.kernel_count,
  replay.kernel_ns,
  first.replay[1] AS sequence_trace_id,
  first.replay[2] AS sequence_call_id,
  chosen.captured_trace_id,
  chosen.source,
  chosen.list_id,
  chosen.captured_count,
  chosen.common_count,
  CASE
    WHEN replay.stream_count > 1 THEN 'it runs on several streams, so its order is not known'
    WHEN NOT EXISTS (SELECT 1 FROM capture)
      THEN 'the study has no capture, nor a step without graphs'
    WHEN NOT EXISTS (SELECT 1 FROM capture_name)
      THEN 'the calls of the capture do not name their kernels'
    WHEN coalesce(chosen.common_count, 0) < 0.95 * replay.kernel_count
      THEN format(
        '{} of its {} kernels have names that the launches have: fewer than 95 %',
        coalesce(chosen.common_count, 0), replay.kernel_count
      )
    -- layers have the same kernels, so a part of a step fits in many places
    WHEN chosen.source = 'eager' AND chosen.captured_count > 1.25 * replay.kernel_count
      THEN 'it repeats a part of the step, but which one is not known'
  END AS refusal
FROM replay
INNER JOIN first USING (sequence)
LEFT JOIN chosen
  ON first.replay[1] = chosen.trace_id AND first.replay[2] = chosen.call_id
