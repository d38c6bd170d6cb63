-- lost_sum: lost work added up by its place.
--
-- Why:     millions of items have few groups and shapes, so sums are looked up and not items.
-- Grain:   one row per (trace_id, kind, place, device_id) of work_item
-- Inputs:  lost_work, lost_place
-- Kept:    view
-- Columns:
--   trace_id      trace.trace_id
--   kind          see lost_work
--   place         see lost_place
--   device_id     see lost_work
--   component     see work_component; NULL if there are several or none, as the next four
--   module        see work_module
--   step          see work_step
--   op_name       see lost_place
--   detail        see lost_place
--   is_predicted  true if the predictor says what would stay of all of it
--   unit_count    attention calls, products or work items that are counted
--   lost_ns       ns, a DECIMAL as the next three: sums must be exact beyond int64
--   low_ns        ns of it that would not stay at least
--   saving_ns     ns that would not stay
--   high_ns       ns that would not stay at most
-- Never:   WHERE NOT (0 <= low_ns AND low_ns <= saving_ns AND saving_ns <= high_ns
--          AND high_ns <= lost_ns) OR unit_count < 1
WITH lost AS MATERIALIZED (
  FROM lost_work
),

summed AS (
  SELECT
    trace_id,
    kind,
    device_id,
    first_work_id,
    step,
    attention_call_id,
    signature_id,
    bool_and(is_predicted) AS is_predicted,
    count(*) AS item_count,
    sum(lost_ns) AS lost_ns,
    sum(lost_ns - kept_high_ns) AS low_ns,
    sum(lost_ns - kept_ns) AS saving_ns,
    sum(lost_ns - kept_low_ns) AS high_ns
  FROM lost
  GROUP BY trace_id, kind, device_id, first_work_id, step, attention_call_id, signature_id
),

placed AS MATERIALIZED (
  FROM lost_place('summed')
),

-- a product can have work in several groups
product AS (
  SELECT
    trace_id,
    kind,
    placed.place,
    placed.device_id,
    count(DISTINCT lost.cost_op_id) AS product_count
  FROM lost
  INNER JOIN (
    SELECT DISTINCT trace_id, kind, first_work_id, signature_id, place, device_id FROM placed
  ) AS placed USING (trace_id, kind, first_work_id, signature_id)
  GROUP BY trace_id, kind, placed.place, placed.device_id
)

SELECT
  trace_id,
  kind,
  place,
  device_id,
  if(min(component) = max(component), min(component), NULL) AS component,
  if(min(module) = max(module), min(module), NULL) AS module,
  if(min(step) = max(step), min(step), NULL) AS step,
  if(min(op_name) = max(op_name), min(op_name), NULL) AS op_name,
  if(min(detail) = max(detail), min(detail), NULL) AS detail,
  bool_and(is_predicted) AS is_predicted,
  cast(coalesce(
    any_value(product.product_count), nullif(count(DISTINCT attention_call_id), 0), sum(item_count)
  ) AS BIGINT) AS unit_count,
  sum(lost_ns)::DECIMAL(38, 0) AS lost_ns,
  sum(low_ns)::DECIMAL(38, 0) AS low_ns,
  sum(saving_ns)::DECIMAL(38, 0) AS saving_ns,
  sum(high_ns)::DECIMAL(38, 0) AS high_ns
FROM placed
LEFT JOIN product USING (trace_id, kind, place, device_id)
GROUP BY trace_id, kind, place, device_id
