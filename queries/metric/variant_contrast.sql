-- variant_contrast: a model's variants against each other: FLOPs, bytes, launches, time, memory.
--
-- Why:     a method's cost is a ratio to what it replaces, and a FLOP count alone can miss it: two
--          variants with equal FLOPs can move three times the bytes.
-- Grain:   one row per pair of runs of one model with equal settings and different variants
-- Inputs:  trace, work_sum
-- Merge:   trace, work_sum
-- Needs:   pair
-- Key:     trace_name, other_trace_name, flops_ratio, bytes_ratio, work_count_ratio, work_ns_ratio
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   model             trace.model
--   time_source       'gpu' | 'cpu' | 'predicted': where the times come from
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   variant           from the manifest
--   other_variant     the variant that it is divided by
--   other_trace_id    the other run
--   other_trace_name  its name
--   flops_ratio       FLOPs of operators with known shapes; NULL if the other's are 0 or unknown
--   bytes_ratio       bytes that operators read and write
--   work_count_ratio  kernels, or operators of a trace without a GPU
--   work_ns_ratio     sum of durations
--   memory_ratio      peak of allocated device memory, from the manifests; NULL without a GPU
-- Never:   WHERE variant = other_variant
-- Plot:    A model's variants against each other
WITH summed AS (
  SELECT
    trace_id,
    any_value(time_source) AS time_source,
    sum(work_count) AS work_count,
    sum(work_ns) AS work_ns,
    sum(flops) AS flops,
    sum(bytes) AS bytes
  FROM work_sum
  GROUP BY trace_id
),

run AS (
  SELECT
    trace.trace_id,
    trace.name,
    trace.model,
    trace.profiler,
    trace.device_name,
    trace.time_low_ratio,
    trace.time_high_ratio,
    manifest ->> 'variant' AS variant,
    manifest ->> 'size' AS size,
    manifest ->> 'batch' AS batch,
    manifest ->> 'dtype' AS dtype,
    coalesce(manifest ->> '$.asked.knobs', '[]') AS knobs,
    try_cast(manifest ->> 'peak_memory_bytes' AS DOUBLE) AS peak_bytes,
    coalesce(trace.attention, '') AS attention,
    summed.* EXCLUDE (trace_id)
  FROM trace
  INNER JOIN summed USING (trace_id)
  WHERE trace.model IS NOT NULL AND (manifest ->> 'variant') IS NOT NULL
)

SELECT
  run.trace_id,
  run.name AS trace_name,
  run.model,
  run.time_source,
  least(run.time_low_ratio, other.time_low_ratio) AS time_low_ratio,
  greatest(run.time_high_ratio, other.time_high_ratio) AS time_high_ratio,
  run.variant,
  other.variant AS other_variant,
  other.trace_id AS other_trace_id,
  other.name AS other_trace_name,
  (run.flops / nullif(other.flops, 0))::DOUBLE AS flops_ratio,
  (run.bytes / nullif(other.bytes, 0))::DOUBLE AS bytes_ratio,
  (run.work_count / nullif(other.work_count, 0))::DOUBLE AS work_count_ratio,
  (run.work_ns / nullif(other.work_ns, 0))::DOUBLE AS work_ns_ratio,
  run.peak_bytes / nullif(other.peak_bytes, 0) AS memory_ratio
FROM run
INNER JOIN run AS other
  ON
    run.model = other.model
    AND run.attention = other.attention
    AND run.knobs = other.knobs
    AND run.profiler IS NOT DISTINCT FROM other.profiler
    AND run.device_name IS NOT DISTINCT FROM other.device_name
    AND run.size IS NOT DISTINCT FROM other.size
    AND run.batch IS NOT DISTINCT FROM other.batch
    AND run.dtype IS NOT DISTINCT FROM other.dtype
WHERE run.variant <> other.variant
ORDER BY run.model ASC, run.trace_id ASC, other.trace_id ASC
