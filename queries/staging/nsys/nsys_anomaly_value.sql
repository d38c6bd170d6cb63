-- nsys_anomaly_value: invalid values of an export, which were left out.
--
-- Why:     a number or label that is left out silently would be missed where it matters.
-- Grain:   one row per kind, even if count is 0
-- Inputs:  nsys_string, nsys_text, nsys_memcpy_kind, nsys_cuda_device, nsys_gpu, nsys_range,
--          trace_file
-- Columns:
--   kind     see anomaly
--   count    number of affected rows or values
--   example  one of them; NULL if none
WITH repeated AS (
  SELECT
    count(*) - (SELECT count(*) FROM nsys_text) AS count,
    'text ' || mode(id) AS example
  FROM nsys_string
  WHERE id IS NOT NULL
  UNION ALL
  SELECT
    count(*) - count(DISTINCT id) AS count,
    'kind of copy ' || mode(id) AS example
  FROM nsys_memcpy_kind
  UNION ALL
  SELECT
    count(*) - count(DISTINCT concat_ws(' ', pid, cuda_id)) AS count,
    'device ' || mode(cuda_id) AS example
  FROM nsys_cuda_device
  WHERE gpu_id IS NOT NULL
  UNION ALL
  SELECT
    count(*) - count(DISTINCT gpu_id) AS count,
    'GPU ' || mode(gpu_id) AS example
  FROM nsys_gpu
  WHERE gpu_id IS NOT NULL
)

SELECT
  'duplicate_id' AS kind,
  cast(sum(count) AS BIGINT) AS count,
  min(example) FILTER (WHERE count > 0) AS example
FROM repeated
UNION ALL
SELECT
  'odd_label' AS kind,
  count(*) AS count,
  min(text)[:120] AS example
FROM nsys_range
WHERE is_odd_label
UNION ALL
SELECT
  'odd_manifest_value' AS kind,
  odd_manifest_count AS count,
  odd_manifest_example AS example
FROM trace_file
