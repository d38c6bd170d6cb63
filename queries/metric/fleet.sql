-- fleet: how many devices and how much memory each model class uses in a fleet, compared with LLMs.
--
-- Why:     small models can use more devices per parameter than large ones.
-- Grain:   one row per model_class
-- Inputs:  fleet_job
-- Merge:   fleet_job
-- Key:     model_class, job_count, gpu_count, gpus_per_billion_parameter, memory_frac
-- Columns:
--   model_class                 as the user's table names it
--   job_count                   jobs
--   gpu_count                   devices, over all jobs
--   gpus_per_billion_parameter  devices per 1e9 parameters, mean over the jobs
--   memory_frac                 0..1, memory in use divided by memory held, over all jobs; NULL if
--                               unknown
--   gpus_ratio                  gpus_per_billion_parameter divided by that of 'llm'; NULL without
--                               LLM jobs
--   memory_ratio                memory_frac divided by that of 'llm'; NULL without LLM jobs
-- Never:   WHERE memory_frac > 1
-- Plot:    Devices per parameter and memory in use, compared with LLMs
WITH grouped AS (
  SELECT
    model_class,
    count(*) AS job_count,
    sum(gpu_count) AS gpu_count,
    avg(gpu_count * 1e9 / nullif(parameter_count, 0)) AS gpus_per_billion_parameter,
    sum(memory_used_bytes) FILTER (WHERE memory_total_bytes IS NOT NULL)
    / nullif(sum(memory_total_bytes) FILTER (WHERE memory_used_bytes IS NOT NULL), 0)
      AS memory_frac
  FROM fleet_job
  GROUP BY model_class
)

SELECT
  grouped.model_class,
  grouped.job_count,
  try_cast(grouped.gpu_count AS BIGINT) AS gpu_count,
  grouped.gpus_per_billion_parameter,
  grouped.memory_frac,
  grouped.gpus_per_billion_parameter / nullif(llm.gpus_per_billion_parameter, 0) AS gpus_ratio,
  grouped.memory_frac / nullif(llm.memory_frac, 0) AS memory_ratio
FROM grouped
LEFT JOIN grouped AS llm ON llm.model_class = 'llm'
ORDER BY gpus_ratio DESC, grouped.model_class
