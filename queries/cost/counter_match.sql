-- counter_match: which kernel of a timeline trace each kernel of Nsight Compute is.
--
-- Why:     only Nsight Compute has counters, only the timeline has categories and steps. Nsight
--          Compute replays kernels one by one, so their times can't be matched. Among kernels of
--          the same name, grid and block, the nth matches the nth.
-- Grain:   one row per matching (metric_trace_id, ordinal, timeline_trace_id, kernel_id)
-- Inputs:  trace, kernel_metric, kernel
-- Columns:
--   metric_trace_id    trace.trace_id of the counters
--   ordinal            kernel_metric.ordinal
--   timeline_trace_id  trace.trace_id of the timeline; of the same model if both name one
--   kernel_id          kernel.kernel_id
--   position           position among kernels of the same name, grid and block, from 0
--   source             'name' (full name) | 'base_name' (without namespaces, template and
--                      parameters)
-- Never:   GROUP BY metric_trace_id, ordinal, timeline_trace_id HAVING count(*) > 1
WITH pair AS (
  SELECT
    counters.trace_id AS metric_trace_id,
    timeline.trace_id AS timeline_trace_id
  FROM trace AS counters
  INNER JOIN trace AS timeline
    ON coalesce(counters.model = timeline.model, TRUE)
  WHERE counters.format = 'ncu' AND timeline.format <> 'ncu'
),

unordered AS (
  SELECT DISTINCT
    trace_id,
    ordinal AS launch_id,
    ordinal AS launch_order,
    TRUE AS is_measured,
    name,
    grid,
    block
  FROM kernel_metric
  UNION ALL
  SELECT
    trace_id,
    kernel_id AS launch_id,
    start_ns AS launch_order,
    FALSE AS is_measured,
    name,
    grid,
    block
  FROM kernel
  -- skip the numbering if there are no counters to match
  SEMI JOIN pair ON kernel.trace_id = pair.timeline_trace_id
),

-- the head of 'void at::native::(anonymous namespace)::scale<float>(float*)' is 'at::native::scale'
headed AS (
  SELECT
    *,
    replace(replace(name, '(anonymous namespace)::', ''), '<unnamed>::', '') AS plain,
    string_split(split_part(split_part(plain, '(', 1), '<', 1), ' ')[-1] AS head,
    string_split(head, '::')[-1] AS base_name
  FROM unordered
),

launch AS (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY trace_id, is_measured, name, grid, block ORDER BY launch_order, launch_id
    ) - 1 AS name_position,
    row_number() OVER (
      PARTITION BY trace_id, is_measured, base_name, grid, block ORDER BY launch_order, launch_id
    ) - 1 AS base_position
  FROM headed
),

known AS (
  SELECT DISTINCT
    trace_id,
    name
  FROM kernel
)

SELECT
  pair.metric_trace_id,
  measured.launch_id AS ordinal,
  pair.timeline_trace_id,
  kernel_launched.launch_id AS kernel_id,
  if(known.name IS NULL, measured.base_position, measured.name_position) AS position,
  if(known.name IS NULL, 'base_name', 'name') AS source
FROM pair
INNER JOIN launch AS measured
  ON pair.metric_trace_id = measured.trace_id AND measured.is_measured
LEFT JOIN known
  ON pair.timeline_trace_id = known.trace_id AND measured.name = known.name
INNER JOIN launch AS kernel_launched
  ON
    pair.timeline_trace_id = kernel_launched.trace_id
    AND NOT kernel_launched.is_measured
    AND measured.base_name = kernel_launched.base_name
    AND measured.grid IS NOT DISTINCT FROM kernel_launched.grid
    AND measured.block IS NOT DISTINCT FROM kernel_launched.block
    AND if(
      known.name IS NULL,
      measured.base_position = kernel_launched.base_position,
      measured.name = kernel_launched.name
      AND measured.name_position = kernel_launched.name_position
    )
