-- attention_memory_scaling: how the score matrices grow with the side of the image.
--
-- Why:     the law is the fourth power of the side; small images fall short of it, because the text
--          adds a constant, and the exponent says how far.
-- Grain:   one row per trace with an image size and known shapes
-- Inputs:  trace, attention_call, memory_event, component_scale
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   model                 trace.model
--   attention             trace.attention
--   image_size            pixels a side
--   site_count            attention calls of one pass: of each labelled call of a component
--   max_score_bytes       bytes of the largest score matrix
--   pass_score_bytes      bytes of all score matrices of one pass
--   growth                pass_score_bytes over the next smaller size's; NULL for the smallest
--   growth_exponent       log of growth over the log of the sizes' ratio; tends to 4
--   fitted_exponent       slope of log(pass_score_bytes) over log(image_size) in the series
--   peak_allocated_bytes  most memory in use, from allocator events, else from the manifest
-- Never:   WHERE max_score_bytes > pass_score_bytes
-- Plot:    Bytes of the score matrices as the image grows
WITH call AS (
  SELECT
    attention_call.trace_id,
    any_value(trace.name) AS trace_name,
    any_value(trace.model) AS model,
    any_value(trace.attention) AS attention,
    any_value(cast(trace.manifest ->> 'image_size' AS INTEGER)) AS image_size,
    any_value(cast(trace.manifest ->> 'peak_memory_bytes' AS BIGINT)) AS peak_memory_bytes,
    any_value(concat_ws(
      ' ', trace.model, trace.attention, trace.profiler, trace.device_name,
      trace.manifest ->> 'size', trace.manifest ->> 'dtype', trace.manifest ->> 'batch',
      trace.manifest ->> 'frames'
    )) AS series,
    attention_call.component,
    count(*) / any_value(coalesce(component_scale.call_count, 1)) AS site_count,
    max(attention_call.score_bytes) AS max_score_bytes,
    sum(attention_call.score_bytes) / any_value(coalesce(component_scale.call_count, 1))
      AS pass_score_bytes
  FROM attention_call
  INNER JOIN trace USING (trace_id)
  LEFT JOIN component_scale USING (trace_id, component)
  WHERE (trace.manifest ->> 'image_size') IS NOT NULL AND attention_call.score_bytes IS NOT NULL
  GROUP BY attention_call.trace_id, attention_call.component
),

pass AS (
  SELECT
    trace_id,
    any_value(trace_name) AS trace_name,
    any_value(model) AS model,
    any_value(attention) AS attention,
    any_value(image_size) AS image_size,
    any_value(peak_memory_bytes) AS peak_memory_bytes,
    any_value(series) AS series,
    cast(round(sum(site_count)) AS BIGINT) AS site_count,
    max(max_score_bytes) AS max_score_bytes,
    cast(sum(pass_score_bytes) AS BIGINT) AS pass_score_bytes
  FROM call
  GROUP BY trace_id
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
  pass.trace_name,
  pass.model,
  pass.attention,
  pass.image_size,
  pass.site_count,
  pass.max_score_bytes,
  pass.pass_score_bytes,
  pass.pass_score_bytes / lag(pass.pass_score_bytes) OVER by_size AS growth,
  round(
    ln(pass.pass_score_bytes / lag(pass.pass_score_bytes) OVER by_size)
    / nullif(ln(pass.image_size / lag(pass.image_size) OVER by_size), 0), 6
  ) AS growth_exponent,
  round(
    nullif(regr_slope(ln(pass.pass_score_bytes), ln(pass.image_size)) OVER whole, 'nan'), 6
  ) AS fitted_exponent,
  coalesce(peak.peak_allocated_bytes, pass.peak_memory_bytes) AS peak_allocated_bytes
FROM pass
LEFT JOIN peak USING (trace_id)
WINDOW
  whole AS (PARTITION BY pass.series),
  by_size AS (PARTITION BY pass.series ORDER BY pass.image_size, trace_id)
ORDER BY pass.series, pass.image_size
