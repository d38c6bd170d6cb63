-- trace_comparison: two traces side by side, class by class, with the difference.
--
-- Why:     "faster" is a claim about a whole run: a class that gains is often paid for by another.
-- Grain:   one row per (attention_partition, category); 'all' is the sum of a partition
-- Inputs:  trace, work, work_category
-- Needs:   pair
-- Params:
--   a VARCHAR = '*'  glob on the first trace's name; several traces that match are added up
--   b VARCHAR = '*'  glob on the second trace's name
-- Columns:
--   attention_partition  'core' | 'module': what counts as attention
--   category             see work_category; 'all' for the whole
--   time_sources         where the times were taken: 'gpu' | 'cpu' | 'predicted', all that occur
--   a_ns                 ns, sum of durations in the first trace
--   b_ns                 ns, sum of durations in the second trace
--   difference_ns        ns, second minus first: negative is faster
--   a_frac               0..1 of the first trace's work
--   b_frac               0..1 of the second trace's work
--   a_per_b              first over second, a speedup; NULL if the second has none
WITH chosen AS (
  SELECT
    trace_id,
    name GLOB a AS in_a,
    name GLOB b AS in_b
  FROM trace
  WHERE name GLOB a OR name GLOB b
),

classed AS (
  SELECT
    trace_id,
    work_id,
    unnest(['core', 'core', 'module', 'module']) AS attention_partition,
    unnest([category, 'all', module_category, 'all']) AS category
  FROM work_category
),

summed AS (
  SELECT
    classed.attention_partition,
    classed.category,
    string_agg(DISTINCT work.time_source, ', ' ORDER BY work.time_source) AS time_sources,
    coalesce(sum(work.dur_ns) FILTER (WHERE chosen.in_a), 0)::BIGINT AS a_ns,
    coalesce(sum(work.dur_ns) FILTER (WHERE chosen.in_b), 0)::BIGINT AS b_ns
  FROM classed
  INNER JOIN work USING (trace_id, work_id)
  INNER JOIN chosen USING (trace_id)
  GROUP BY classed.attention_partition, classed.category
)

SELECT
  attention_partition,
  category,
  time_sources,
  a_ns,
  b_ns,
  b_ns - a_ns AS difference_ns,
  a_ns / nullif(max(a_ns) OVER whole, 0) AS a_frac,
  b_ns / nullif(max(b_ns) OVER whole, 0) AS b_frac,
  a_ns / nullif(b_ns, 0) AS a_per_b
FROM summed
WINDOW whole AS (PARTITION BY attention_partition)
ORDER BY attention_partition, category = 'all', greatest(a_ns, b_ns) DESC, category
