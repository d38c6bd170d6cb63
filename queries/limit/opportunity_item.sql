-- opportunity_item: every gap, transfer and work item that an opportunity counts, by its place.
--
-- Why:     a saving must lead to the kernels and gaps that it is made of. One switch makes all
--          float32 products faster, but other products have a fix for each shape.
-- Grain:   one row per gap_item, work_item and lost_transfer
-- Inputs:  gap_item, work_item, lost_transfer
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          see opportunity_kind
--   place         what the items of one opportunity have in common: a component, a line, a shape;
--                 'all' if that is nothing
--   device_id     device.device_id
--   unit_id       what is counted: a gap's start, a call, an attention call, a product, a work item
--   unit_count    what it counts for; of a transfer, its copies or kernels
--   work_id       work.work_id; NULL for a gap or transfer
--   gap_start_ns  see idle_gap; NULL for others
--   component     see work_component; NULL if unknown
--   module        see work_module; NULL if unknown
--   step          see work_step; NULL if unknown
--   op_name       operator; NULL if unknown
--   range_name    user's range; NULL if unknown
--   python_frame  Python line; NULL if unknown
--   detail        shape; NULL if there is none
--   is_predicted  true if the predictor says what would stay
--   lost_ns       ns
--   kept_low_ns   ns of it that would stay at least
--   kept_ns       ns of it that would stay
--   kept_high_ns  ns of it that would stay at most
-- Never:   WHERE NOT (0 <= kept_low_ns AND kept_low_ns <= kept_ns AND kept_ns <= kept_high_ns
--          AND kept_high_ns <= lost_ns)

-- noqa: disable=AM07
SELECT
  trace_id,
  kind,
  CASE
    WHEN kind = 'launch_bound' THEN coalesce(component, 'all')
    WHEN kind IN ('allocation', 'first_launch') THEN 'all'
    ELSE coalesce(nullif(concat_ws(' ', op_name, range_name, python_frame), ''), 'all')
  END AS place,
  device_id,
  coalesce(if(kind IN ('host_wait', 'pageable_copy'), call_id, NULL), gap_start_ns) AS unit_id,
  1::BIGINT AS unit_count,
  NULL::BIGINT AS work_id,
  gap_start_ns,
  component,
  NULL::VARCHAR AS module,
  step,
  op_name,
  range_name,
  python_frame,
  NULL::VARCHAR AS detail,
  FALSE AS is_predicted,
  lost_ns,
  kept_low_ns,
  kept_ns,
  kept_high_ns
FROM gap_item
UNION ALL BY NAME
SELECT
  trace_id,
  kind,
  coalesce(nullif(concat_ws(
    ' ', component, if(kind = 'float32_product', NULL, detail),
    if(kind IN ('odd_product', 'slow_product'), op_name, NULL)
  ), ''), 'all') AS place,
  device_id,
  unit_id,
  1::BIGINT AS unit_count,
  work_id,
  component,
  module,
  step,
  op_name,
  detail,
  is_predicted,
  lost_ns,
  kept_low_ns,
  kept_ns,
  kept_high_ns
FROM work_item
UNION ALL BY NAME
-- at best, what is only moved hides behind what is only computed
SELECT
  trace_id,
  kind,
  'all' AS place,
  device_id,
  0 AS unit_id,
  event_count AS unit_count,
  FALSE AS is_predicted,
  lost_ns,
  lost_ns - least(lost_ns, compute_ns) AS kept_low_ns,
  kept_low_ns AS kept_ns,
  lost_ns AS kept_high_ns
FROM lost_transfer
