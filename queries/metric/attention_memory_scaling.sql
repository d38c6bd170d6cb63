-- attention_memory_scaling: how the attention score matrices grow with the image side.
--
-- Why:     in theory they grow with the fourth power of the side. Text tokens add a constant, so
--          the exponent is lower for small images, and this shows by how much.
-- Grain:   one row per (trace_id, component) with an image size and known shapes
-- Inputs:  trace, attention_call, memory_event, component_scale
-- Merge:   trace, attention_call, memory_event, component_scale
-- Needs:   operator, shape, pair
-- Key:     trace_name, component, image_size, max_score_bytes, pass_score_bytes, growth,
--          fitted_exponent
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   model                 trace.model
--   attention             trace.attention
--   image_size            image side in pixels
--   component             see work_component
--   site_count            attention calls in one pass through the component
--   max_score_bytes       bytes of the largest score matrix
--   pass_score_bytes      bytes of all score matrices in one pass
--   growth                pass_score_bytes divided by that of the next smaller size; NULL for the
--                         smallest
--   growth_exponent       log of growth divided by the log of the ratio of sizes; tends to 4
--   fitted_exponent       slope of log(pass_score_bytes) over log(image_size) in the series
--   peak_allocated_bytes  peak memory in use, from allocator events, else from the manifest
-- Never:   WHERE max_score_bytes > pass_score_bytes
-- Plot:    Size of the score matrices by image size
WITH run AS (
  SELECT
    trace_id,
    name AS trace_name,
    model,
    attention,
    try_cast(manifest ->> 'image_size' AS INTEGER) AS image_size,
    try_cast(manifest ->> 'peak_memory_bytes' AS BIGINT) AS peak_memory_bytes,
    concat_ws(
      ' ', model, attention, profiler, device_name, manifest ->> 'size', manifest ->> 'dtype',
      manifest ->> 'batch', manifest ->> 'frames'
    ) AS series
  FROM trace
  WHERE try_cast(manifest ->> 'image_size' AS INTEGER) > 0
),

-- a trace can hold several passes, one per labelled call of the component
pass AS (
  SELECT
    trace_id,
    component,
    try_cast(round(count(*) / any_value(coalesce(component_scale.call_count, 1))) AS BIGINT)
      AS site_count,
    max(attention_call.score_bytes) AS max_score_bytes,
    try_cast(round(
      sum(attention_call.score_bytes) / any_value(coalesce(component_scale.call_count, 1))
    ) AS BIGINT) AS pass_score_bytes
  FROM attention_call
  LEFT JOIN component_scale USING (trace_id, component)
  WHERE attention_call.score_bytes IS NOT NULL
  GROUP BY trace_id, component
),

peak AS (
  SELECT
    trace_id,
    max(allocated_bytes) AS peak_allocated_bytes
  FROM memory_event
  GROUP BY trace_id
)

SELECT
  trace_id,
  run.trace_name,
  run.model,
  run.attention,
  run.image_size,
  pass.component,
  pass.site_count,
  pass.max_score_bytes,
  pass.pass_score_bytes,
  pass.pass_score_bytes / lag(pass.pass_score_bytes) OVER by_size AS growth,
  round(
    ln(pass.pass_score_bytes / lag(pass.pass_score_bytes) OVER by_size)
    / nullif(ln(run.image_size / lag(run.image_size) OVER by_size), 0), 6
  ) AS growth_exponent,
  round(
    nullif(regr_slope(ln(pass.pass_score_bytes), ln(run.image_size)) OVER whole, 'nan'), 6
  ) AS fitted_exponent,
  coalesce(peak.peak_allocated_bytes, run.peak_memory_bytes) AS peak_allocated_bytes
FROM pass
INNER JOIN run USING (trace_id)
LEFT JOIN peak USING (trace_id)
WINDOW
  whole AS (PARTITION BY run.series, pass.component),
  by_size AS (PARTITION BY run.series, pass.component ORDER BY run.image_size, trace_id)
ORDER BY run.series, pass.component, run.image_size
