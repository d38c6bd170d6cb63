-- placed_gap: gaps and transfers, by place (136 lines because of the allocator's kinds).
--
-- Why:     gaps add up where one change would save them: in a component, or at a line.
-- Grain:   one row per gap_item and lost_transfer
-- Inputs:  trace, gap_item, lost_transfer, kernel_launch, work_step, limit_constant
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          see opportunity_kind
--   place         what the gaps of one opportunity have in common: a component, a line; 'all' if
--                 that is nothing
--   device_id     device.device_id
--   unit_id       what is counted: a gap's start or a call
--   unit_count    what it counts for; of a transfer, its copies or kernels
--   gap_start_ns  see idle_gap; NULL for a transfer, as the next six
--   component     see work_component; NULL if unknown
--   step          see work_step; NULL if unknown
--   op_name       operator; NULL if unknown
--   range_name    user's range; NULL if unknown
--   python_frame  Python line; NULL if unknown
--   detail        of launching, the kernels launched a step if they are many; of the allocator's
--                 growth, the steps that grow; NULL if there is none
--   lost_ns       ns
--   kept_low_ns   ns of it that would stay at least
--   kept_ns       ns of it that would stay
--   kept_high_ns  ns of it that would stay at most
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns)
WITH gapped AS (
  -- few rows, which DuckDB knows of trace
  SELECT trace_id FROM trace
  SEMI JOIN gap_item USING (trace_id)
),

stepped AS (
  SELECT
    kernel_launch.trace_id,
    min(work_step.step) AS first_step,
    count(DISTINCT kernel_launch.call_id) / count(DISTINCT work_step.step) AS launch_count
  FROM kernel_launch
  -- without gaps, nothing asks
  SEMI JOIN gapped USING (trace_id)
  INNER JOIN (
    FROM work_step
    SEMI JOIN gapped USING (trace_id)
    WHERE work_step.step IS NOT NULL
  ) AS work_step
    ON
      kernel_launch.trace_id = work_step.trace_id
      AND kernel_launch.kernel_id = work_step.work_id
  GROUP BY kernel_launch.trace_id
),

-- the first step may need the memory, later ones should find it
grown AS (
  SELECT
    trace_id,
    gap_item.device_id,
    stepped.first_step,
    count(DISTINCT gap_item.step) AS step_count
  FROM gap_item
  INNER JOIN stepped USING (trace_id)
  CROSS JOIN limit_constant
  WHERE gap_item.grown_bytes > 0 AND NOT gap_item.is_retry AND gap_item.step > stepped.first_step
  GROUP BY
    trace_id, gap_item.device_id, stepped.first_step, limit_constant.least_wait_count
  HAVING step_count >= limit_constant.least_wait_count
),

gap AS (
  SELECT
    gap_item.* REPLACE (
      CASE
        WHEN
          gap_item.kind IN ('launch_bound', 'host_pause')
          AND contains(lower(gap_item.component), 'scheduler')
          THEN 'scheduler'
        WHEN gap_item.is_retry THEN 'allocator_retry'
        WHEN gap_item.grown_bytes > 0 AND gap_item.step > grown.first_step THEN 'allocator_growth'
        ELSE gap_item.kind
      END AS kind
    ),
    CASE
      WHEN
        gap_item.kind = 'launch_bound'
        AND stepped.launch_count > limit_constant.step_kernel_count
        THEN format('{:,} launches of kernels a step', cast(stepped.launch_count AS BIGINT))
      WHEN
        NOT gap_item.is_retry AND gap_item.grown_bytes > 0 AND gap_item.step > grown.first_step
        THEN format('in {:,} steps after the first', grown.step_count)
    END AS detail
  FROM gap_item
  CROSS JOIN limit_constant
  LEFT JOIN stepped USING (trace_id)
  LEFT JOIN grown USING (trace_id, device_id)
)

-- noqa: disable=AM07
SELECT
  trace_id,
  kind,
  CASE
    WHEN kind IN ('launch_bound', 'scheduler') THEN coalesce(component, 'all')
    WHEN kind IN ('allocation', 'first_launch') THEN 'all'
    WHEN kind IN ('allocator_retry', 'allocator_growth') THEN coalesce(op_name, 'all')
    ELSE coalesce(nullif(concat_ws(' ', op_name, range_name, python_frame), ''), 'all')
  END AS place,
  device_id,
  coalesce(if(kind IN ('host_wait', 'pageable_copy'), call_id, NULL), gap_start_ns) AS unit_id,
  1::BIGINT AS unit_count,
  gap_start_ns,
  component,
  step,
  op_name,
  range_name,
  python_frame,
  detail,
  lost_ns,
  kept_low_ns,
  kept_ns,
  kept_high_ns
FROM gap
UNION ALL BY NAME
-- at best, what is only moved hides behind what is only computed
SELECT
  trace_id,
  kind,
  'all' AS place,
  device_id,
  0 AS unit_id,
  event_count AS unit_count,
  lost_ns,
  lost_ns - least(lost_ns, compute_ns) AS kept_low_ns,
  kept_low_ns AS kept_ns,
  lost_ns AS kept_high_ns
FROM lost_transfer
