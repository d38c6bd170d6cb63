-- work_class: the former name of work_category, so that SQL written for it still runs.
--
-- Why:     queries of version 0.1 and tools around genscope name it.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_category
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   work_id          work.work_id
--   category         see work_category
--   module_category  see work_category
--   source           see work_category
--   rule             see work_category
SELECT
  trace_id,
  work_id,
  category,
  module_category,
  source,
  rule
FROM work_category
