-- gap_item: each lost gap, with its code and what would stay (138 lines because of four kinds).
--
-- Why:     gaps of one kind add up where one change would save them: at one place of the code.
-- Grain:   one row per lost_gap; of waits, one row per waiting call
-- Inputs:  lost_gap, host_wait, pause_place, allocator_gap, work_component, work_step,
--          limit_constant
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          see lost_gap
--   device_id     device.device_id
--   gap_start_ns  ns, see idle_gap; of several gaps of one wait, the first
--   call_id       see lost_gap
--   component     see work_component, of the kernel that ended the gap; NULL if unknown
--   step          see work_step, of that kernel
--   op_name       operator that waited, that allocated or that covers most of a pause; NULL if
--                 unknown
--   range_name    user's range that covers most of a pause; NULL if unknown
--   python_frame  line that waited, or that covers most of a pause; NULL if unknown
--   is_retry      true if the allocator gave memory back in it and asked again, see
--                 allocator_gap
--   grown_bytes   bytes by which the allocator holds more than ever before; NULL if unknown
--   lost_ns       ns, see lost_gap
--   kept_low_ns   ns of it that would stay at least
--   kept_ns       ns of it that would stay
--   kept_high_ns  ns of it that would stay at most
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns)
WITH lost AS MATERIALIZED (
  FROM lost_gap
),

gap AS (
  SELECT
    trace_id,
    lost.kind,
    lost.device_id,
    min(lost.gap_start_ns) AS gap_start_ns,
    any_value(lost.call_id) AS call_id,
    if(lost.kind IN ('host_wait', 'pageable_copy'), any_value(lost.call_id), NULL) AS wait_id,
    if(
      lost.kind IN ('host_pause', 'data_loading'), min(lost.gap_start_ns), NULL
    ) AS pause_start_ns,
    if(lost.kind = 'allocation', min(lost.gap_start_ns), NULL) AS allocation_start_ns,
    arg_min(lost.kernel_id, lost.gap_start_ns) AS kernel_id,
    cast(sum(lost.lost_ns) AS BIGINT) AS lost_ns,
    cast(sum(lost.sure_ns) AS BIGINT) AS sure_ns
  FROM lost
  GROUP BY
    trace_id,
    lost.kind,
    lost.device_id,
    if(lost.kind IN ('host_wait', 'pageable_copy'), lost.call_id, lost.gap_start_ns)
),

-- few kernels end a gap
ended AS (
  SELECT trace_id, work_id, work_component.component, work_step.step
  FROM (SELECT DISTINCT trace_id, kernel_id AS work_id FROM gap) AS asked
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
),

wait AS (
  FROM host_wait
  SEMI JOIN lost USING (trace_id, call_id)
),

placed AS (
  SELECT
    gap.*,
    wait.wait_ns,
    -- without the wait, the host would have been ahead by what it waited for
    least(
      gap.lost_ns, greatest(wait.device_busy_ns, gap.sure_ns), wait.wait_ns
    ) AS ahead_ns,
    coalesce(wait.op_name, pause.op_name, requested.op_name) AS op_name,
    coalesce(requested.is_retry, FALSE) AS is_retry,
    requested.needed_ns,
    requested.grown_bytes,
    pause.range_name,
    coalesce(wait.python_frame, pause.python_frame) AS python_frame
  FROM gap
  LEFT JOIN wait ON gap.trace_id = wait.trace_id AND gap.wait_id = wait.call_id
  LEFT JOIN pause_place AS pause
    ON
      gap.trace_id = pause.trace_id
      AND gap.device_id = pause.device_id
      AND gap.pause_start_ns = pause.gap_start_ns
  LEFT JOIN allocator_gap AS requested
    ON
      gap.trace_id = requested.trace_id
      AND gap.device_id = requested.device_id
      AND gap.allocation_start_ns = requested.gap_start_ns
)

SELECT
  placed.trace_id,
  placed.kind,
  placed.device_id,
  placed.gap_start_ns,
  placed.call_id,
  nullif(ended.component, 'unattributed') AS component,
  ended.step,
  placed.op_name,
  placed.range_name,
  placed.python_frame,
  placed.is_retry,
  placed.grown_bytes,
  placed.lost_ns,
  CASE
    WHEN placed.wait_ns IS NOT NULL THEN placed.lost_ns - least(placed.lost_ns, placed.wait_ns)
    WHEN placed.kind = 'launch_bound' THEN least(placed.lost_ns, limit_constant.queued_gap_low_ns)
    ELSE 0
  END AS kept_low_ns,
  CASE
    WHEN placed.wait_ns IS NOT NULL THEN placed.lost_ns - placed.ahead_ns
    WHEN placed.kind = 'launch_bound' THEN least(placed.lost_ns, limit_constant.queued_gap_ns)
    ELSE 0
  END AS kept_ns,
  CASE
    WHEN placed.wait_ns IS NOT NULL
      THEN placed.lost_ns - least(placed.ahead_ns, placed.sure_ns)
    WHEN placed.kind = 'launch_bound'
      THEN
        placed.lost_ns - cast(
          limit_constant.unprofiled_frac
          * greatest(placed.lost_ns - limit_constant.queued_gap_high_ns, 0) AS BIGINT
        )
    -- the request itself may be needed; what was given back for it is not
    WHEN placed.is_retry THEN least(placed.lost_ns, placed.needed_ns)
    WHEN placed.kind = 'allocation' THEN 0
    ELSE placed.lost_ns
  END AS kept_high_ns
FROM placed
CROSS JOIN limit_constant
LEFT JOIN ended
  ON placed.trace_id = ended.trace_id AND placed.kernel_id = ended.work_id
