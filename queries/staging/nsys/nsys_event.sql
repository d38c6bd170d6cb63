-- nsys_event: every row of an export that has a time, to count rows with wrong times.
--
-- Why:     a wrong time can occur in any of the tables.
-- Grain:   one row per row of the event tables, with or without a time
-- Inputs:  nsys_work_time, nsys_runtime, nsys_nvtx, nsys_synchronization, nsys_memory_usage
-- Columns:
--   event_kind  'kernel' | 'copy' | 'fill' | 'call' | 'graph' | 'wait' | 'range' | 'allocation'
--   start_ns    ns from the session's start; NULL if missing
--   end_ns      ns; NULL if missing, and for allocations and marks, which have none
SELECT event_kind, start_ns, end_ns FROM nsys_work_time
UNION ALL
-- CUPTI writes 0 for a time that it could not collect
SELECT
  'call' AS event_kind,
  CASE WHEN start_ns <> 0 OR end_ns <> 0 OR end_ns IS NULL THEN start_ns END AS start_ns,
  CASE WHEN end_ns <> 0 OR start_ns < 0 THEN end_ns END AS end_ns
FROM nsys_runtime
UNION ALL
SELECT 'wait' AS event_kind, start_ns, end_ns FROM nsys_synchronization
UNION ALL
-- names of domains and categories are not events
SELECT 'range' AS event_kind, start_ns, end_ns FROM nsys_nvtx
WHERE end_ns IS NOT NULL OR event_type IS NULL OR event_type NOT IN (33, 75)
UNION ALL
SELECT 'allocation' AS event_kind, start_ns, NULL AS end_ns FROM nsys_memory_usage
