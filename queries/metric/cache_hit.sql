-- cache_hit: L1 and L2 hit rates by kernel category and attention (133 lines because of joins).
--
-- Why:     temporal attention reads rows that are far apart and misses the cache. Rates are
--          weighted by sectors: a mean would count a tiny kernel as much as a large one.
-- Grain:   one row per (trace_id, timeline_trace_id, category, op_name, attention_kind)
-- Inputs:  trace, kernel_metric, counter_match, work, work_op, work_category, work_attention
-- Merge:   trace, kernel, kernel_metric, work, work_op, work_category, work_attention
-- Needs:   counter
-- Key:     trace_name, category, attention_kind, l1_hit_frac, l2_hit_frac, kernel_ns
-- Columns:
--   trace_id           trace.trace_id of the counters
--   trace_name         trace.name
--   timeline_trace_id  trace.trace_id of the timeline that matches best and gives the categories;
--                      NULL without a match
--   category           see work_category, partition core; 'unclassified' without a timeline
--   op_name            operator on the timeline; 'unattributed' if unknown
--   attention_kind     see attention_call; 'none' outside attention, 'unknown' without a timeline
--   kernel_count       kernels measured
--   l1_hit_frac        0..1 of the sectors requested from L1; NULL if not measured
--   l2_hit_frac        0..1 of the sectors requested from L2; NULL if not measured
--   l1_hit_time_frac   0..1, weighted by kernel time on the timeline; NULL without one
--   l2_hit_time_frac   0..1, as l1_hit_time_frac
--   kernel_ns          ns on the timeline, sum over the kernels; NULL without a timeline
--   l1_sector_count    sectors requested from L1; NULL if not measured, and rates are then plain
--                      means
--   l2_sector_count    sectors requested from L2; NULL as l1_sector_count
--   dram_bytes         bytes read from and written to device memory
-- Never:   WHERE NOT (l1_hit_frac BETWEEN 0 AND 1) OR NOT (l2_hit_frac BETWEEN 0 AND 1)
--          OR NOT (l1_hit_time_frac BETWEEN 0 AND 1) OR NOT (l2_hit_time_frac BETWEEN 0 AND 1)
-- Plot:    Cache hit rates by kernel category and kind of attention
WITH measured AS (
  SELECT
    trace_id,
    ordinal,
    max(value) FILTER (WHERE metric = 'l1tex__t_sector_hit_rate.pct') / 100 AS l1_hit_frac,
    max(value) FILTER (WHERE metric = 'lts__t_sector_hit_rate.pct') / 100 AS l2_hit_frac,
    max(value) FILTER (WHERE metric = 'l1tex__t_sectors.sum') AS l1_sector_count,
    max(value) FILTER (WHERE metric = 'lts__t_sectors.sum') AS l2_sector_count,
    max(value) FILTER (WHERE metric = 'dram__bytes.sum') AS dram_bytes
  FROM kernel_metric
  GROUP BY trace_id, ordinal
),

timeline AS (
  SELECT
    metric_trace_id,
    timeline_trace_id
  FROM counter_match
  GROUP BY metric_trace_id, timeline_trace_id
  QUALIFY
    row_number() OVER (PARTITION BY metric_trace_id ORDER BY count(*) DESC, timeline_trace_id) = 1
),

matched AS MATERIALIZED (
  SELECT
    counter_match.metric_trace_id,
    counter_match.ordinal,
    counter_match.timeline_trace_id AS trace_id,
    counter_match.kernel_id AS work_id
  FROM counter_match
  INNER JOIN timeline USING (metric_trace_id, timeline_trace_id)
),

-- without counters, no work is read
any_match AS MATERIALIZED (
  SELECT 1 AS is_there FROM matched
  LIMIT 1
),

named AS (
  SELECT
    matched.metric_trace_id AS trace_id,
    matched.ordinal,
    matched.trace_id AS timeline_trace_id,
    work.dur_ns,
    category.category,
    op.op_name,
    if(attention.role = 'none', 'none', attention.attention_kind) AS attention_kind
  FROM matched
  INNER JOIN (FROM work CROSS JOIN any_match) AS work
    USING (trace_id, work_id)
  INNER JOIN (FROM work_category CROSS JOIN any_match) AS category
    USING (trace_id, work_id)
  INNER JOIN (FROM work_op CROSS JOIN any_match) AS op
    USING (trace_id, work_id)
  INNER JOIN (FROM work_attention CROSS JOIN any_match) AS attention
    USING (trace_id, work_id)
),

known AS (
  SELECT
    measured.*,
    named.timeline_trace_id,
    named.dur_ns,
    coalesce(named.category, 'unclassified') AS category,
    coalesce(named.op_name, 'unattributed') AS op_name,
    coalesce(named.attention_kind, 'unknown') AS attention_kind
  FROM measured
  LEFT JOIN named USING (trace_id, ordinal)
  WHERE measured.l1_hit_frac IS NOT NULL OR measured.l2_hit_frac IS NOT NULL
)

SELECT
  known.trace_id,
  any_value(trace.name) AS trace_name,
  known.timeline_trace_id,
  known.category,
  known.op_name,
  known.attention_kind,
  count(*) AS kernel_count,
  coalesce(
    sum(known.l1_hit_frac * known.l1_sector_count)
    / nullif(sum(known.l1_sector_count) FILTER (WHERE known.l1_hit_frac IS NOT NULL), 0),
    avg(known.l1_hit_frac)
  ) AS l1_hit_frac,
  coalesce(
    sum(known.l2_hit_frac * known.l2_sector_count)
    / nullif(sum(known.l2_sector_count) FILTER (WHERE known.l2_hit_frac IS NOT NULL), 0),
    avg(known.l2_hit_frac)
  ) AS l2_hit_frac,
  sum(known.l1_hit_frac * known.dur_ns)
  / nullif(sum(known.dur_ns) FILTER (WHERE known.l1_hit_frac IS NOT NULL), 0) AS l1_hit_time_frac,
  sum(known.l2_hit_frac * known.dur_ns)
  / nullif(sum(known.dur_ns) FILTER (WHERE known.l2_hit_frac IS NOT NULL), 0) AS l2_hit_time_frac,
  try_cast(sum(known.dur_ns) AS BIGINT) AS kernel_ns,
  try_cast(sum(known.l1_sector_count) AS BIGINT) AS l1_sector_count,
  try_cast(sum(known.l2_sector_count) AS BIGINT) AS l2_sector_count,
  try_cast(sum(known.dram_bytes) AS BIGINT) AS dram_bytes
FROM known
INNER JOIN trace USING (trace_id)
GROUP BY
  known.trace_id, known.timeline_trace_id, known.category, known.op_name, known.attention_kind
ORDER BY known.trace_id, kernel_count DESC, known.category, known.op_name, known.attention_kind
