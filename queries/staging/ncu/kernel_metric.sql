-- kernel_metric: metrics of Nsight Compute under one set of names.
--
-- Why:     the details page has labels, such as 'L2 Hit Rate', where the raw page has metric names.
-- Grain:   one row per (ordinal, metric): the first, if a metric is printed twice;
--          'dram__bytes.sum' is added if only reads and writes were measured
-- Inputs:  trace_file, ncu_metric
-- Columns:
--   trace_id  from trace_file
--   ordinal   position in launch order, from 0
--   name      name of the kernel, as printed by the tool
--   grid      '[x,y,z]'
--   block     '[x,y,z]'
--   metric    name of the metric; 'Section: Label' for a label without a known one
--   unit      base unit: byte, ns, hz, %, ...; NULL if none
--   value     in that unit; NULL for text
WITH
-- section files of Nsight Compute 2024.2
label AS (
  SELECT
    section,
    label,
    metric
  FROM (
    VALUES
    ('GPU Speed Of Light Throughput', 'Duration', 'gpu__time_duration.sum'),
    ('GPU Speed Of Light Throughput', 'Elapsed Cycles', 'gpc__cycles_elapsed.max'),
    ('GPU Speed Of Light Throughput', 'SM Active Cycles', 'sm__cycles_active.avg'),
    ('GPU Speed Of Light Throughput', 'SM Frequency', 'gpc__cycles_elapsed.avg.per_second'),
    ('GPU Speed Of Light Throughput', 'DRAM Frequency', 'dram__cycles_elapsed.avg.per_second'),
    (
      'GPU Speed Of Light Throughput',
      'Compute (SM) Throughput',
      'sm__throughput.avg.pct_of_peak_sustained_elapsed'
    ),
    (
      'GPU Speed Of Light Throughput',
      'Memory Throughput',
      'gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed'
    ),
    (
      'GPU Speed Of Light Throughput',
      'DRAM Throughput',
      'gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed'
    ),
    (
      'GPU Speed Of Light Throughput',
      'L1/TEX Cache Throughput',
      'l1tex__throughput.avg.pct_of_peak_sustained_active'
    ),
    (
      'GPU Speed Of Light Throughput',
      'L2 Cache Throughput',
      'lts__throughput.avg.pct_of_peak_sustained_elapsed'
    ),
    ('Memory Workload Analysis', 'Memory Throughput', 'dram__bytes.sum.per_second'),
    ('Memory Workload Analysis', 'L1/TEX Hit Rate', 'l1tex__t_sector_hit_rate.pct'),
    ('Memory Workload Analysis', 'L2 Hit Rate', 'lts__t_sector_hit_rate.pct'),
    ('Launch Statistics', 'Grid Size', 'launch__grid_size'),
    ('Launch Statistics', 'Block Size', 'launch__block_size'),
    ('Launch Statistics', 'Threads', 'launch__thread_count'),
    ('Launch Statistics', 'Registers Per Thread', 'launch__registers_per_thread'),
    ('Launch Statistics', 'Waves Per SM', 'launch__waves_per_multiprocessor'),
    ('Launch Statistics', '# SMs', 'launch__sm_count'),
    (
      'Launch Statistics',
      'Static Shared Memory Per Block',
      'launch__shared_mem_per_block_static'
    ),
    (
      'Launch Statistics',
      'Dynamic Shared Memory Per Block',
      'launch__shared_mem_per_block_dynamic'
    ),
    ('Occupancy', 'Theoretical Occupancy', 'sm__maximum_warps_per_active_cycle_pct'),
    ('Occupancy', 'Achieved Occupancy', 'sm__warps_active.avg.pct_of_peak_sustained_active'),
    ('Instruction Statistics', 'Executed Instructions', 'smsp__inst_executed.sum')
  ) AS known (section, label, metric)
),

named AS (
  SELECT
    ncu_metric.* EXCLUDE (metric),
    CASE
      WHEN ncu_metric.section IS NULL THEN ncu_metric.metric
      ELSE coalesce(label.metric, ncu_metric.section || ': ' || ncu_metric.metric)
    END AS metric
  FROM ncu_metric
  LEFT JOIN label
    ON ncu_metric.section = label.section AND ncu_metric.metric = label.label
),

-- full sets have reads and writes but not their sum; a measured sum takes precedence
complete AS (
  SELECT row_id, ordinal, name, grid, block, metric, unit, value FROM named
  UNION ALL
  SELECT
    max(row_id) + 1000000000000 AS row_id, ordinal, name, grid, block,
    'dram__bytes.sum' AS metric, any_value(unit) AS unit, sum(value) AS value
  FROM named
  WHERE metric IN ('dram__bytes_read.sum', 'dram__bytes_write.sum')
  GROUP BY ordinal, name, grid, block
  HAVING count(value) = 2
)

SELECT
  trace_file.trace_id,
  complete.ordinal,
  complete.name,
  complete.grid,
  complete.block,
  complete.metric,
  complete.unit,
  complete.value
FROM complete
CROSS JOIN trace_file
QUALIFY
  row_number() OVER (PARTITION BY complete.ordinal, complete.metric ORDER BY complete.row_id) = 1
