-- nsys_domain: names of NVTX domains and of their categories, which are numbered per process.
--
-- Why:     few name a million ranges.
-- Grain:   one row per (process, domain_id, category)
-- Inputs:  nsys_nvtx, nsys_text
-- Columns:
--   process    upper bits of globalTid
--   domain_id  number of the domain
--   category   number of the category; NULL for the domain itself
--   name       the first one
SELECT
  nvtx.global_tid >> 24 AS process,
  nvtx.domain_id,
  if(nvtx.event_type = 33, nvtx.category, NULL) AS category,
  arg_min(
    coalesce(nullif(named.value, ''), nvtx.text, named.value, '(unnamed)'), nvtx.start_ns
  ) AS name
FROM nsys_nvtx AS nvtx
LEFT JOIN nsys_text AS named ON nvtx.text_id = named.id
-- 75 creates a domain and 33 names a category
WHERE
  nvtx.start_ns IS NOT NULL
  AND (nvtx.event_type = 75 OR (nvtx.event_type = 33 AND nvtx.category IS NOT NULL))
GROUP BY ALL
