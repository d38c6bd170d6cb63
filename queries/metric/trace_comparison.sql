-- trace_comparison: time of two traces by category, and the difference.
--
-- Why:     a gain in one category is often paid for in another; the rows 'all' show the net gain.
-- Grain:   one row per (attention_partition, category); 'all' is the sum of a partition
-- Inputs:  trace, work_sum
-- Merge:   trace, work_sum
-- Needs:   pair
-- Params:
--   first VARCHAR = '*'   glob on the first trace's name; several matching traces are added up
--   second VARCHAR = '*'  glob on the second trace's name; several matching traces are added up
-- Key:     category, first_ns, second_ns, difference_ns, first_frac, second_frac, speedup
-- Columns:
--   attention_partition  'core' | 'module': what counts as attention
--   category             see work_category; 'all' for the whole trace
--   time_sources         every time_source that occurs: 'gpu' | 'cpu' | 'predicted'
--   first_ns             ns, sum of durations in the first trace
--   second_ns            ns, sum of durations in the second trace
--   difference_ns        ns, second_ns - first_ns: negative if the second trace is faster
--   first_frac           0..1 of the first trace's work
--   second_frac          0..1 of the second trace's work
--   speedup              first_ns / second_ns: above 1 if the second trace is faster; NULL if its
--                        time is 0
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
-- Plot:    Where two traces differ in time
WITH chosen AS (
  SELECT
    trace_id,
    time_low_ratio,
    time_high_ratio,
    name GLOB first AS in_first,
    name GLOB second AS in_second
  FROM trace
  WHERE name GLOB first OR name GLOB second
),

partitioned AS (
  SELECT
    trace_id,
    time_source,
    work_ns,
    unnest(['core', 'core', 'module', 'module']) AS attention_partition,
    unnest([category, 'all', module_category, 'all']) AS category
  FROM work_sum
),

summed AS (
  SELECT
    partitioned.attention_partition,
    partitioned.category,
    string_agg(DISTINCT partitioned.time_source, ', ' ORDER BY partitioned.time_source)
      AS time_sources,
    min(chosen.time_low_ratio) AS time_low_ratio,
    max(chosen.time_high_ratio) AS time_high_ratio,
    coalesce(sum(partitioned.work_ns) FILTER (WHERE chosen.in_first), 0)::BIGINT AS first_ns,
    coalesce(sum(partitioned.work_ns) FILTER (WHERE chosen.in_second), 0)::BIGINT AS second_ns
  FROM partitioned
  INNER JOIN chosen USING (trace_id)
  GROUP BY partitioned.attention_partition, partitioned.category
)

SELECT
  attention_partition,
  category,
  time_sources,
  first_ns,
  second_ns,
  second_ns - first_ns AS difference_ns,
  first_ns / nullif(max(first_ns) OVER whole, 0) AS first_frac,
  second_ns / nullif(max(second_ns) OVER whole, 0) AS second_frac,
  first_ns / nullif(second_ns, 0) AS speedup,
  time_low_ratio,
  time_high_ratio
FROM summed
WINDOW whole AS (PARTITION BY attention_partition)
ORDER BY attention_partition, category = 'all', greatest(first_ns, second_ns) DESC, category
