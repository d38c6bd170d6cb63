-- roofline: arithmetic intensity and achieved rate, against the ceilings of the device.
--
-- Why:     says whether compute or memory is the wall. "Intensity" has three definitions that move
--          a point by two orders of magnitude, so each has its own column.
-- Grain:   one row per (trace_id, scope, category); category 'all' is the whole trace
-- Inputs:  trace, kernel_metric, class_time, trace_ceiling
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   model                 trace.model
--   family                trace.family
--   attention             trace.attention
--   place                 'gpu' | 'cpu' | 'predicted': where the time is from
--   dtype                 element type the ceiling is taken for; NULL if unknown
--   scope                 'profile' as recorded | 'request' scaled by component_scale
--   category              see work_class, partition core; 'all' for the whole
--   work_ns               ns, sum of durations
--   costed_frac           0..1 of work_ns whose FLOPs are known
--   flops                 FLOPs from shapes
--   bytes                 bytes read and written by the operators, from shapes
--   weight_bytes          bytes of all parameters; NULL but for 'all', and without a manifest
--   dram_bytes            bytes through device memory, counted by Nsight Compute; NULL without, and
--                         in scope 'request'
--   weight_intensity      FLOP/byte, flops over weight_bytes: weights read once a request; NULL in
--                         scope 'profile'
--   operator_intensity    FLOP/byte, flops over bytes: each operator from memory to memory
--   dram_intensity        FLOP/byte, flops over dram_bytes: as measured
--   attained_flops_per_s  FLOP/s of the work whose FLOPs are known
--   peak_flops_per_s      see trace_ceiling
--   peak_bytes_per_s      see trace_ceiling
--   ridge_intensity       see trace_ceiling
--   roof_flops_per_s      FLOP/s that the ceilings allow at operator_intensity
--   bound                 'compute' | 'memory' by operator_intensity; 'unknown' without ceilings
--   attained_frac         0..1 of the roof
-- Never:   WHERE bound = 'compute' AND operator_intensity < ridge_intensity
-- Plot:    Achieved rate against arithmetic intensity
WITH costed AS (
  SELECT
    trace_id,
    scope,
    coalesce(category, 'all') AS category,
    any_value(place) AS place,
    sum(work_ns) AS work_ns,
    sum(costed_ns) AS costed_ns,
    sum(flops) AS flops,
    sum(bytes) AS bytes
  FROM class_time
  WHERE attention_partition = 'core'
  GROUP BY GROUPING SETS ((trace_id, scope, category), (trace_id, scope))
),

counted AS (
  SELECT
    trace_id,
    sum(value) AS dram_bytes
  FROM kernel_metric
  WHERE metric = 'dram__bytes.sum'
  GROUP BY trace_id
),

point AS (
  SELECT
    costed.*,
    if(costed.category = 'all', trace_ceiling.weight_bytes, NULL) AS weight_bytes,
    if(costed.category = 'all' AND costed.scope = 'profile', counted.dram_bytes, NULL)
      AS dram_bytes,
    costed.flops / nullif(costed.bytes, 0) AS operator_intensity,
    costed.flops * 1e9 / nullif(costed.costed_ns, 0) AS attained_flops_per_s,
    if(
      costed.flops >= trace_ceiling.ridge_intensity * costed.bytes,
      trace_ceiling.peak_flops_per_s,
      costed.flops / nullif(costed.bytes, 0) * trace_ceiling.peak_bytes_per_s
    ) AS roof_flops_per_s
  FROM costed
  INNER JOIN trace_ceiling USING (trace_id)
  LEFT JOIN counted USING (trace_id)
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.family,
  trace.attention,
  point.place,
  trace_ceiling.dtype,
  point.scope,
  point.category,
  cast(point.work_ns AS BIGINT) AS work_ns,
  point.costed_ns / nullif(point.work_ns, 0) AS costed_frac,
  cast(point.flops AS BIGINT) AS flops,
  cast(point.bytes AS BIGINT) AS bytes,
  point.weight_bytes,
  cast(point.dram_bytes AS BIGINT) AS dram_bytes,
  if(point.scope = 'request', point.flops / nullif(point.weight_bytes, 0), NULL)
    AS weight_intensity,
  point.operator_intensity,
  point.flops / nullif(point.dram_bytes, 0) AS dram_intensity,
  point.attained_flops_per_s,
  trace_ceiling.peak_flops_per_s,
  trace_ceiling.peak_bytes_per_s,
  trace_ceiling.ridge_intensity,
  point.roof_flops_per_s,
  CASE
    WHEN point.operator_intensity >= trace_ceiling.ridge_intensity THEN 'compute'
    WHEN point.operator_intensity < trace_ceiling.ridge_intensity THEN 'memory'
    ELSE 'unknown'
  END AS bound,
  point.attained_flops_per_s / nullif(point.roof_flops_per_s, 0) AS attained_frac
FROM point
INNER JOIN trace USING (trace_id)
INNER JOIN trace_ceiling USING (trace_id)
ORDER BY trace_id ASC, point.scope DESC, point.category = 'all' DESC, work_ns DESC
