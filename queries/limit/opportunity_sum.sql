-- opportunity_sum: what an opportunity counts, added up by its place.
--
-- Why:     a trace has many gaps and few places, and a fleet puts together only the places.
-- Grain:   one row per (trace_id, kind, place, device_id) of opportunity_item
-- Inputs:  placed_gap, lost_sum, needless_group
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          see opportunity_kind
--   place         see opportunity_item
--   device_id     device.device_id
--   component     see opportunity_item; NULL if there are several or none, as the next four
--   module        see opportunity_item
--   step          see opportunity_item
--   op_name       operator
--   detail        see opportunity_item
--   range_name    user's range
--   python_frame  Python line
--   is_predicted  true if the predictor says what would stay of all of it
--   unit_count    gaps, waits, attention calls, products, kernels or copies that are counted
--   lost_ns       ns, a DECIMAL as the next three: sums must be exact beyond int64
--   low_ns        ns of it that would not stay at least
--   saving_ns     ns that would not stay
--   high_ns       ns that would not stay at most
-- Never:   WHERE NOT (0 <= low_ns AND low_ns <= saving_ns AND saving_ns <= high_ns
--          AND high_ns <= lost_ns) OR unit_count < 1

-- noqa: disable=AM07
SELECT
  trace_id,
  kind,
  place,
  device_id,
  if(min(component) = max(component), min(component), NULL) AS component,
  NULL::VARCHAR AS module,
  if(min(step) = max(step), min(step), NULL) AS step,
  if(min(op_name) = max(op_name), min(op_name), NULL) AS op_name,
  if(min(detail) = max(detail), min(detail), NULL) AS detail,
  any_value(range_name) AS range_name,
  any_value(python_frame) AS python_frame,
  FALSE AS is_predicted,
  cast(if(max(unit_count) > 1, sum(unit_count), count(DISTINCT unit_id)) AS BIGINT) AS unit_count,
  sum(lost_ns)::DECIMAL(38, 0) AS lost_ns,
  sum(lost_ns - kept_high_ns)::DECIMAL(38, 0) AS low_ns,
  sum(lost_ns - kept_ns)::DECIMAL(38, 0) AS saving_ns,
  sum(lost_ns - kept_low_ns)::DECIMAL(38, 0) AS high_ns
FROM placed_gap
GROUP BY trace_id, kind, place, device_id
UNION ALL BY NAME
FROM lost_sum
UNION ALL BY NAME
SELECT
  trace_id,
  kind,
  coalesce(nullif(component, ''), 'all') AS place,
  device_id,
  if(min(component) = max(component), min(component), NULL) AS component,
  if(min(module) = max(module), min(module), NULL) AS module,
  if(
    -- a row of several steps has none
    min(step) = max(step) AND NOT bool_or(step IS NULL AND step_source <> 'none'), min(step), NULL
  ) AS step,
  if(min(op_name) = max(op_name), min(op_name), NULL) AS op_name,
  FALSE AS is_predicted,
  cast(sum(work_count) AS BIGINT) AS unit_count,
  sum(lost_ns)::DECIMAL(38, 0) AS lost_ns,
  0::DECIMAL(38, 0) AS low_ns,
  sum(lost_ns)::DECIMAL(38, 0) AS saving_ns,
  sum(lost_ns)::DECIMAL(38, 0) AS high_ns
FROM needless_group
GROUP BY trace_id, kind, place, device_id
