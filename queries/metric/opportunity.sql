-- opportunity: what limits a run, and what each fix would save (185 lines because of its words).
--
-- Why:     people ask why it is slow and what to change. Each row is a loss of time with its place,
--          its size and its fix; a fix that saves under 1 % of the run has no row. Rows differ in
--          what they count: each gap, transfer and kernel is in one row. They don't add up: a fix
--          changes what other rows would save, most of all those in shared_with. Waits for a rank
--          are known only if all ranks of the job are in the study, retries and growth of the
--          allocator only with its events.
-- Grain:   one row per (trace_id, kind, device_id, place)
-- Inputs:  trace, time_refusal, device_busy, work_sum, opportunity_sum, straggler_item,
--          opportunity_kind, limit_constant
-- Merge:   trace, time_refusal, device_busy, work_sum, opportunity_sum, communication,
--          exposed_stretch
-- Needs:   work
-- Key:     trace_name, place_rank, what, saving_ns, saving_frac, certainty, advice
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   place_rank       1 for the fix of the trace that saves most
--   kind             see opportunity_kind
--   what             what was found and where, one sentence
--   component        see work_component; NULL if there are several or none
--   module           see work_module; NULL if there are several or none
--   step             see work_step; NULL if there are several or none
--   op_name          operator; NULL if there are several or none
--   python_frame     'file.py(line): function'; NULL if unknown
--   device_id        device.device_id
--   unit_count       gaps, waits, attention calls, products, kernels or copies that are counted
--   cost_ns          ns that it takes now, at most run_ns
--   saving_ns        ns that the fix would save; of certainty 'at_most', a bound
--   saving_low_ns    ns that it would save at least; 0 for a bound
--   saving_high_ns   ns that it would save at most; saving_ns if that is a bound
--   run_ns           ns from the first start to the last end of kernels and copies; without a GPU,
--                    the sum of the work
--   saving_frac      0..1 of run_ns
--   certainty        see opportunity_kind; 'at_most' also for kernels of a run that launching
--                    limits
--   computed         how the saving is computed
--   advice           what to do
--   shared_with      other rows' kinds whose fix can save some of the same time; NULL if none
--   predicted        true if the times of the trace are predicted
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   items            SELECT of the gaps, transfers or work items that are counted
-- Never:   WHERE NOT (0 <= saving_low_ns AND saving_low_ns <= saving_ns AND saving_ns
--          <= saving_high_ns AND saving_high_ns <= cost_ns AND cost_ns <= run_ns)
--          OR (certainty = 'at_most' AND saving_ns <> saving_high_ns)
-- Plot:    What would make a run faster
WITH run AS (
  SELECT
    trace_id,
    trace.name AS trace_name,
    trace.predicted,
    trace.time_low_ratio,
    trace.time_high_ratio,
    device_busy.gpu_busy_ns,
    coalesce(device_busy.gpu_span_ns, total.work_ns) AS run_ns
  FROM trace
  INNER JOIN time_refusal USING (trace_id)
  LEFT JOIN device_busy USING (trace_id)
  LEFT JOIN (
    SELECT trace_id, cast(sum(work_ns) AS BIGINT) AS work_ns FROM work_sum
    GROUP BY trace_id
  ) AS total USING (trace_id)
  WHERE time_refusal.refusal IS NULL OR trace.predicted
),

summed AS (
  FROM opportunity_sum
  UNION ALL BY NAME
  SELECT
    trace_id,
    kind,
    place,
    device_id,
    any_value(detail) AS detail,
    count(*) AS unit_count,
    sum(lost_ns)::DECIMAL(38, 0) AS lost_ns,
    sum(lost_ns - kept_high_ns)::DECIMAL(38, 0) AS low_ns,
    sum(lost_ns - kept_ns)::DECIMAL(38, 0) AS saving_ns,
    sum(lost_ns - kept_low_ns)::DECIMAL(38, 0) AS high_ns
  FROM straggler_item
  GROUP BY trace_id, kind, place, device_id
),

launching AS (
  SELECT trace_id, sum(lost_ns) AS launch_ns FROM opportunity_sum
  WHERE kind = 'launch_bound'
  GROUP BY trace_id
),

bounded AS (
  SELECT
    summed.* EXCLUDE (lost_ns, low_ns, saving_ns, high_ns),
    run.* EXCLUDE (trace_id),
    known.* EXCLUDE (kind),
    limit_constant.least_saving_frac,
    if(unit_word = 'kernels' AND run.gpu_busy_ns IS NULL, 'operators', unit_word) AS counted,
    known.family = 'work' AND coalesce(
      run.gpu_busy_ns
      < limit_constant.busy_frac * (run.gpu_busy_ns + coalesce(launching.launch_ns, 0)), FALSE
    ) AS is_host_limited,
    -- a loader can only hide behind the rest of the run
    cast(least(
      summed.high_ns,
      if(summed.kind = 'data_loading', greatest(run.run_ns - summed.lost_ns, 0), run.run_ns)
    ) AS BIGINT) AS saving_high_ns,
    -- a bound is the most that it can be
    if(
      is_host_limited OR known.certainty = 'at_most', saving_high_ns,
      cast(least(summed.saving_ns, saving_high_ns) AS BIGINT)
    ) AS saving_ns,
    if(is_host_limited, 0, cast(least(summed.low_ns, saving_ns) AS BIGINT)) AS saving_low_ns,
    cast(least(summed.lost_ns, run.run_ns) AS BIGINT) AS cost_ns
  FROM summed
  INNER JOIN run USING (trace_id)
  LEFT JOIN launching USING (trace_id)
  INNER JOIN opportunity_kind AS known USING (kind)
  CROSS JOIN limit_constant
  WHERE
    summed.unit_count >= CASE
      WHEN summed.kind IN (
        'host_wait', 'pageable_copy', 'allocation', 'allocator_retry', 'allocator_growth',
        'first_launch', 'straggler'
      ) THEN limit_constant.least_wait_count
      WHEN summed.kind IN ('host_pause', 'data_loading', 'scheduler')
        THEN limit_constant.least_pause_count
      WHEN summed.kind = 'launch_bound' THEN limit_constant.least_gap_count
      ELSE 1
    END
    AND (summed.kind <> 'host_pause' OR summed.place <> 'all')
)

SELECT
  trace_id,
  trace_name,
  row_number() OVER (
    PARTITION BY trace_id ORDER BY saving_ns DESC, saving_high_ns DESC, kind, place
  ) AS place_rank,
  kind,
  concat(
    what, ': ',
    format('{:,} ', unit_count),
    CASE
      WHEN unit_count > 1 THEN counted
      WHEN counted = 'copies' THEN 'copy'
      ELSE rtrim(counted, 's')
    END,
    ', ' || detail,
    ' in ' || op_name,
    ' in the range ' || range_name,
    ' at ' || python_frame,
    ' of ' || component
  ) AS what,
  component,
  module,
  step,
  op_name,
  python_frame,
  device_id,
  unit_count,
  cost_ns,
  saving_ns,
  saving_low_ns,
  saving_high_ns,
  run_ns,
  saving_ns / run_ns AS saving_frac,
  if(is_host_limited, 'at_most', certainty) AS certainty,
  concat(
    computed,
    if(is_host_limited, '; launching limits this run, so faster kernels alone may save nothing', '')
  ) AS computed,
  advice,
  shared_with,
  predicted,
  time_low_ratio,
  time_high_ratio,
  format(
    'SELECT * FROM {} WHERE trace_id = {} AND kind = ''{}'' AND device_id = {} AND place = ''{}''',
    if(kind = 'straggler', 'straggler_item', 'opportunity_item'),
    trace_id, kind, device_id, replace(place, '''', '''''')
  ) AS items
FROM bounded
WHERE saving_high_ns >= least_saving_frac * run_ns AND saving_high_ns > 0
ORDER BY trace_id, place_rank
