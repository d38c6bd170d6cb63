-- trace_card: each trace in a line: conditions, work, attention's share, and whether to trust it.
--
-- Why:     the first page shows all traces at once, so that one chooses which to look at.
-- Grain:   one row per trace
-- Inputs:  trace, trace_ceiling, work_sum, device, kernel, kernel_launch, cpu_op, anomaly,
--          anomaly_kind
-- Params:
--   of_trace BIGINT = NULL  trace.trace_id; NULL for all
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   device_name       trace.device_name
--   device_count      devices with events, without the host
--   format            trace.format
--   model             trace.model
--   attention         trace.attention
--   dtype             see trace_ceiling
--   predicted         trace.predicted
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   peak_flops_per_s  see trace_ceiling
--   time_source       'gpu' | 'cpu' | 'predicted'; NULL without work
--   work_count        work items
--   work_ns           ns, sum of durations; concurrent work counts twice
--   attention_ns      ns in attention cores
--   unclassified_ns   ns without a class
--   unattributed_ns   ns without a component
--   flops             FLOPs of the work with known shapes; NULL if there is none
--   flops_ns          ns of the work with known shapes
--   complete          trace.complete
--   anomaly_count     kinds of anomaly
--   unlinked_ns       ns of kernels without a known launch, if the trace has operators
--   ruin              the first anomaly because of which shares can't be trusted; NULL if none
WITH summed AS (
  SELECT
    trace_id,
    any_value(time_source) AS time_source,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns,
    sum(work_ns) FILTER (category = 'attention') AS attention_ns,
    sum(work_ns) FILTER (category = 'unclassified') AS unclassified_ns,
    sum(work_ns) FILTER (component = 'unattributed') AS unattributed_ns,
    sum(flops) AS flops,
    sum(work_ns) FILTER (has_cost) AS flops_ns
  FROM work_sum
  GROUP BY trace_id
),

found AS (
  SELECT
    trace_id,
    count(*) AS anomaly_count,
    min(kind || ': ' || anomaly.consequence) FILTER (ruins_shares) AS ruin
  FROM anomaly
  LEFT JOIN anomaly_kind USING (kind)
  GROUP BY trace_id
),

unlinked AS (
  SELECT
    trace_id,
    sum(kernel.dur_ns) AS unlinked_ns
  FROM kernel_launch
  INNER JOIN kernel USING (trace_id, kernel_id)
  WHERE kernel_launch.source = 'unlinked' AND trace_id IN (SELECT trace_id FROM cpu_op)
  GROUP BY trace_id
),

counted AS (
  SELECT
    trace_id,
    count(*) AS device_count
  FROM device
  WHERE device_id >= 0
  GROUP BY trace_id
)

SELECT
  trace.trace_id,
  trace.name AS trace_name,
  trace.device_name,
  coalesce(counted.device_count, 0) AS device_count,
  trace.format,
  trace.model,
  trace.attention,
  trace_ceiling.dtype,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  trace_ceiling.peak_flops_per_s,
  summed.time_source,
  cast(coalesce(summed.work_count, 0) AS BIGINT) AS work_count,
  cast(coalesce(summed.work_ns, 0) AS BIGINT) AS work_ns,
  cast(coalesce(summed.attention_ns, 0) AS BIGINT) AS attention_ns,
  cast(coalesce(summed.unclassified_ns, 0) AS BIGINT) AS unclassified_ns,
  cast(coalesce(summed.unattributed_ns, 0) AS BIGINT) AS unattributed_ns,
  cast(summed.flops AS DOUBLE) AS flops,
  cast(summed.flops_ns AS BIGINT) AS flops_ns,
  trace.complete,
  coalesce(found.anomaly_count, 0) AS anomaly_count,
  cast(coalesce(unlinked.unlinked_ns, 0) AS BIGINT) AS unlinked_ns,
  found.ruin
FROM trace
LEFT JOIN trace_ceiling ON trace.trace_id = trace_ceiling.trace_id
LEFT JOIN summed ON trace.trace_id = summed.trace_id
LEFT JOIN found ON trace.trace_id = found.trace_id
LEFT JOIN unlinked ON trace.trace_id = unlinked.trace_id
LEFT JOIN counted ON trace.trace_id = counted.trace_id
WHERE of_trace IS NULL OR trace.trace_id = of_trace
ORDER BY trace.trace_id
