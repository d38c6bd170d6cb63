-- roofline: intensity and achieved FLOP/s against the ceilings (169 lines because of columns).
--
-- Why:     shows what limits the work. Three definitions of intensity differ by a factor of 100.
--          The ceiling is that of the arithmetic which ran, such as TF32, not of the element type.
-- Grain:   one row per (trace_id, scope, category); category 'all' is the whole trace
-- Inputs:  trace, category_time, trace_ceiling, work, work_category, work_cost, work_counter
-- Merge:   trace, category_time, trace_ceiling, work, work_category, work_cost, kernel,
--          kernel_metric
-- Needs:   operator, shape
-- Key:     trace_name, category, work_ns, operator_intensity, bound, attained_frac, attained_note
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   model                 trace.model
--   family                trace.family
--   attention             trace.attention
--   time_source           'gpu' | 'cpu' | 'predicted'
--   time_low_ratio        see trace: true times are expected to be this times the ones shown, or
--                         more
--   time_high_ratio       and this times them, or less; both NULL if measured
--   dtype                 arithmetic whose ceiling is used, see work_arithmetic: of most of the
--                         products; without products, the trace's element type; NULL if unknown
--   scope                 'profile' | 'request', see category_time
--   category              see work_category, partition core; 'all' for the whole trace
--   work_ns               ns, sum of durations
--   costed_frac           0..1 of work_ns whose FLOPs are known
--   flops                 FLOPs from shapes
--   bytes                 bytes read and written by the operators, from shapes
--   weight_bytes          bytes of all parameters; NULL except for 'all', and without a manifest
--   dram_bytes            bytes read and written in DRAM, see work_counter; NULL in scope 'request'
--   counted_frac          0..1 of work_ns whose dram_bytes are known; NULL in scope 'request'
--   weight_intensity      FLOP/byte if weights are read once a request; NULL in scope 'profile'
--   operator_intensity    FLOP/byte, flops / bytes: every operator reads and writes memory
--   dram_intensity        FLOP/byte as measured, over work with known FLOPs and dram_bytes
--   attained_flops_per_s  FLOP/s of the work whose FLOPs are known
--   peak_flops_per_s      FLOP/s at the peaks of the arithmetic of all products; without products,
--                         see trace_ceiling
--   peak_bytes_per_s      see trace_ceiling
--   ridge_intensity       FLOP/byte at which compute and memory take equally long
--   roof_flops_per_s      FLOP/s that the ceilings allow at operator_intensity
--   bound                 'compute' | 'memory' by operator_intensity; 'unknown' without ceilings,
--                         or if the FLOPs of less than half of work_ns are known
--   attained_frac         attained_flops_per_s divided by roof_flops_per_s; NULL if refused
--   attained_note         why attained_frac is above 1, or refused; else NULL
-- Never:   WHERE (bound = 'compute' AND operator_intensity < ridge_intensity)
--          OR (attained_frac > 1.0000001 AND attained_note IS NULL)
-- Plot:    Achieved FLOP/s against arithmetic intensity
WITH costed AS (
  SELECT
    trace_id, scope, coalesce(category, 'all') AS category, any_value(time_source) AS time_source,
    sum(work_ns) AS work_ns,
    sum(costed_ns) AS costed_ns,
    sum(flops) AS flops, sum(bytes) AS bytes,
    if(bool_or(flops > 0 AND peak_ns IS NULL), NULL, sum(peak_ns)) AS peak_ns,
    arg_max(arithmetic, coalesce(peak_ns, flops)) AS arithmetic
  FROM category_time
  WHERE
    attention_partition = 'core'
    -- of a trace without shapes and counters nothing is known
    AND (
      trace_id IN (
        SELECT known.trace_id FROM category_time AS known
        WHERE known.flops IS NOT NULL
      )
      OR trace_id IN (SELECT timeline_trace_id FROM work_counter)
    )
  GROUP BY GROUPING SETS ((trace_id, scope, category), (trace_id, scope))
),

counted AS (
  SELECT
    trace_id,
    'profile' AS scope,
    coalesce(work_category.category, 'all') AS category,
    sum(work.dur_ns) AS counted_ns,
    sum(work_counter.value) AS dram_bytes,
    sum(work_cost.flops) / sum(if(work_cost.flops IS NULL, NULL, nullif(work_counter.value, 0)))
      AS dram_intensity
  FROM work
  SEMI JOIN work_counter AS known ON work.trace_id = known.timeline_trace_id
  INNER JOIN work_category USING (trace_id, work_id)
  INNER JOIN work_cost USING (trace_id, work_id)
  INNER JOIN work_counter
    ON work.trace_id = work_counter.timeline_trace_id AND work.work_id = work_counter.work_id
  WHERE work_counter.metric = 'dram__bytes.sum'
  GROUP BY GROUPING SETS ((trace_id, work_category.category), (trace_id))
),

peak AS (
  SELECT
    costed.*,
    coalesce(costed.arithmetic, trace_ceiling.dtype) AS dtype,
    if(costed.flops > 0, costed.flops * 1e9 / costed.peak_ns, trace_ceiling.peak_flops_per_s)
      AS peak_flops_per_s,
    trace_ceiling.peak_bytes_per_s,
    if(costed.category = 'all', trace_ceiling.weight_bytes, NULL) AS weight_bytes
  FROM costed
  INNER JOIN trace_ceiling USING (trace_id)
),

point AS (
  SELECT
    peak.*,
    peak.peak_flops_per_s / nullif(peak.peak_bytes_per_s, 0) AS ridge_intensity,
    counted.dram_bytes,
    counted.dram_intensity,
    coalesce(counted.counted_ns, 0) / nullif(peak.work_ns, 0) AS counted_frac,
    peak.flops / nullif(peak.bytes, 0) AS operator_intensity,
    peak.flops * 1e9 / nullif(peak.costed_ns, 0) AS attained_flops_per_s,
    CASE
      WHEN operator_intensity >= ridge_intensity THEN 'compute'
      WHEN operator_intensity < ridge_intensity THEN 'memory'
      ELSE 'unknown'
    END AS costed_bound,
    -- the rest could be limited by something else
    if(peak.costed_ns * 2 >= peak.work_ns, costed_bound, 'unknown') AS bound,
    if(
      costed_bound = 'compute', peak.peak_flops_per_s, operator_intensity * peak.peak_bytes_per_s
    ) AS roof_flops_per_s,
    attained_flops_per_s / nullif(roof_flops_per_s, 0) AS share,
    -- no cache of the devices listed is more than six times as fast as their memory
    CASE
      WHEN share IS NULL OR share <= 1 THEN NULL
      WHEN costed_bound = 'memory' AND share <= 6
        THEN 'some operands come from the cache: bytes are an upper bound of what memory moves'
      WHEN costed_bound = 'memory'
        THEN 'refused: faster than any cache, so times or shapes can''t be right'
      WHEN peak.category = 'attention'
        THEN 'refused: FLOPs of scores that a mask hides are counted, computed or not'
      ELSE 'refused: faster than ' || peak.dtype || ' allows, so the arithmetic is not known'
    END AS attained_note
  FROM peak
  LEFT JOIN counted USING (trace_id, scope, category)
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.family,
  trace.attention,
  point.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  point.dtype,
  point.scope,
  point.category,
  try_cast(point.work_ns AS BIGINT) AS work_ns,
  point.costed_ns / nullif(point.work_ns, 0) AS costed_frac,
  try_cast(point.flops AS BIGINT) AS flops,
  try_cast(point.bytes AS BIGINT) AS bytes,
  point.weight_bytes,
  try_cast(point.dram_bytes AS BIGINT) AS dram_bytes,
  if(point.scope = 'profile', point.counted_frac, NULL) AS counted_frac,
  if(point.scope = 'request', point.flops / point.weight_bytes, NULL) AS weight_intensity,
  point.operator_intensity,
  point.dram_intensity,
  point.attained_flops_per_s,
  point.peak_flops_per_s,
  point.peak_bytes_per_s,
  point.ridge_intensity,
  point.roof_flops_per_s,
  point.bound,
  if(starts_with(point.attained_note, 'refused'), NULL, point.share) AS attained_frac,
  point.attained_note
FROM point
INNER JOIN trace USING (trace_id)
ORDER BY
  trace_id ASC, point.scope DESC, point.category = 'all' DESC, work_ns DESC, point.category ASC
