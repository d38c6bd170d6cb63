-- performance_check: six first questions about a run, answered (155 lines because of six facts).
--
-- Why:     before looking for the kernel to make faster, one should know that the device is the
--          limit. The thresholds are those of limit_constant.
-- Grain:   one row per (trace_id, question_order)
-- Inputs:  trace, time_refusal, device_busy, waiting_call, runtime_call, work_group, work_step,
--          kernel_launch, later_kernel, launch_sum, memory_moment, gap_item,
--          performance_question, limit_constant
-- Needs:   kernel
-- Key:     trace_name, question, answer, value, threshold, unit, why_unknown
-- Columns:
--   trace_id        trace.trace_id
--   trace_name      trace.name
--   question_order  see performance_question
--   question        see performance_question
--   answer          'yes' (good) | 'no' | 'unknown'
--   value           busy: 0..1 of the span; waits: calls that hold the host, of the name that
--                   occurs most, as a loop repeats its waits; scheduler: 0..1 of the span, its
--                   kernels and the idle time before them; kernels: launches of kernels per step;
--                   launch: median ns of a launch call; memory: allocated bytes after the last
--                   event, less those before the first, 0..1 of the peak; NULL if unknown
--   threshold       what the value is held against
--   is_least        true if the value must be at least the threshold, false if at most
--   unit            'frac' | 'ns' | 'count'
--   value_words     see performance_question
--   why_unknown     why there is no answer; NULL if there is one
-- Never:   WHERE (answer = 'unknown') <> (value IS NULL)
WITH judged AS (
  SELECT
    trace_id,
    trace.name AS trace_name,
    time_refusal.refusal
  FROM trace
  INNER JOIN time_refusal USING (trace_id)
  SEMI JOIN device_busy USING (trace_id)
),

called AS (
  SELECT trace_id, name, count(*) AS call_count
  FROM waiting_call
  WHERE kind IN ('explicit', 'copy') AND NOT is_nested
  GROUP BY trace_id, name
),

of_scheduler AS (
  SELECT trace_id, work_ns AS scheduler_ns FROM work_group
  WHERE contains(lower(component), 'scheduler')
  UNION ALL
  SELECT trace_id, lost_ns AS scheduler_ns FROM gap_item
  WHERE contains(lower(component), 'scheduler')
),

launched AS (
  SELECT trace_id, count(step) AS launch_count, count(DISTINCT step) AS step_count FROM work_step
  ANTI JOIN (
    SELECT trace_id, kernel_id AS work_id FROM kernel_launch
    WHERE call_id IS NULL
    UNION ALL
    SELECT trace_id, kernel_id AS work_id FROM later_kernel
  ) AS unlaunched USING (trace_id, work_id)
  GROUP BY trace_id
  HAVING launch_count > 0
),

known AS (
  SELECT trace_id, 'busy' AS fact, gpu_busy_ns / nullif(gpu_span_ns, 0) AS found_value
  FROM device_busy
  UNION ALL
  SELECT
    trace_id,
    'waits' AS fact,
    coalesce(max(call_count), 0) AS found_value
  FROM (SELECT DISTINCT trace_id FROM runtime_call) AS calling
  LEFT JOIN called USING (trace_id)
  GROUP BY trace_id
  UNION ALL
  SELECT trace_id, 'scheduler' AS fact, sum(scheduler_ns) / max(gpu_span_ns) AS found_value
  FROM of_scheduler
  INNER JOIN device_busy USING (trace_id)
  GROUP BY trace_id
  UNION ALL
  SELECT trace_id, 'kernels' AS fact, launched.launch_count / launched.step_count AS found_value
  FROM launched
  -- all work of such a trace is kernels
  SEMI JOIN (
    SELECT trace_id FROM work_group
    WHERE time_source = 'gpu'
  ) AS gpu_trace USING (trace_id)
  UNION ALL
  SELECT trace_id, 'launch' AS fact, call_p50_ns AS found_value FROM launch_sum
  WHERE what = 'kernel' AND call_name IS NULL
  UNION ALL
  SELECT
    trace_id,
    'memory' AS fact,
    max(greatest(relative_last_bytes, 0) / nullif(coalesce(peak_bytes, relative_peak_bytes), 0))
      AS found_value
  FROM memory_moment
  WHERE device_id >= 0
  GROUP BY trace_id
),

threshold AS (
  UNPIVOT (
    SELECT
      busy_frac AS busy,
      least_wait_count::DOUBLE - 1 AS waits,
      scheduler_frac AS scheduler,
      step_kernel_count::DOUBLE AS kernels,
      launch_call_ns::DOUBLE AS launch,
      memory_growth_frac AS memory
    FROM limit_constant
  ) ON COLUMNS(*) INTO NAME fact VALUE threshold
),

answered AS (
  SELECT
    judged.*,
    asked.*,
    threshold.threshold,
    known.found_value,
    -- times of a refused trace mean nothing; its counts do
    if(judged.refusal IS NULL OR asked.fact IN ('waits', 'memory'), known.found_value, NULL)::DOUBLE
      AS value
  FROM judged
  CROSS JOIN performance_question AS asked
  INNER JOIN threshold USING (fact)
  LEFT JOIN known ON judged.trace_id = known.trace_id AND asked.fact = known.fact
)

SELECT
  trace_id,
  trace_name,
  question_order,
  question,
  CASE
    WHEN value IS NULL THEN 'unknown'
    WHEN if(is_least, value >= threshold, value <= threshold) THEN 'yes'
    ELSE 'no'
  END AS answer,
  value,
  threshold,
  is_least,
  unit,
  value_words,
  CASE
    WHEN value IS NOT NULL THEN NULL
    WHEN found_value IS NOT NULL THEN refusal
    WHEN fact = 'scheduler' THEN 'no component is called scheduler'
    WHEN fact = 'kernels' THEN 'no step was recorded'
    WHEN fact = 'memory' THEN 'no allocator events of a device were recorded'
    ELSE 'the launching calls were not recorded'
  END AS why_unknown
FROM answered
ORDER BY trace_id, question_order
