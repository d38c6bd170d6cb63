-- opportunity_item: what an opportunity counts, by its place.
--
-- Why:     a saving must lead to the kernels and gaps that it is made of.
-- Grain:   one row per placed_gap, work_item and needless_item
-- Inputs:  placed_gap, work_item, needless_item
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
--   detail        shape; of launching, the kernels launched a step if they are many; of the
--                 allocator's growth, the steps that grow; NULL if there is none
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
  place,
  device_id,
  unit_id,
  unit_count,
  NULL::BIGINT AS work_id,
  gap_start_ns,
  component,
  NULL::VARCHAR AS module,
  step,
  op_name,
  range_name,
  python_frame,
  detail,
  FALSE AS is_predicted,
  lost_ns,
  kept_low_ns,
  kept_ns,
  kept_high_ns
FROM placed_gap
UNION ALL BY NAME
SELECT *, 1::BIGINT AS unit_count FROM work_item
UNION ALL BY NAME
-- nothing stays if it is unnecessary; all of it may be needed
SELECT
  *,
  1::BIGINT AS unit_count,
  FALSE AS is_predicted,
  0::BIGINT AS kept_low_ns,
  0::BIGINT AS kept_ns,
  lost_ns AS kept_high_ns
FROM needless_item
