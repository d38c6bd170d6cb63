-- temporal_spatial: time and FLOPs of attention across frames and of attention within a frame.
--
-- Why:     attention across frames needs far fewer FLOPs and can still take longer, because its
--          rows are far apart in memory and its matrices are tiny.
-- Grain:   one row per (trace_id, component) that has spatial or temporal attention
-- Inputs:  trace, attention_call
-- Needs:   operator, shape
-- Key:     trace_name, component, frames, temporal_core_ns, spatial_core_ns, core_ns_ratio,
--          core_flops_ratio
-- Columns:
--   trace_id               trace.trace_id
--   trace_name             trace.name
--   model                  trace.model
--   predicted              trace.predicted
--   time_low_ratio         see trace: true times are expected to be this times the ones shown, or
--                          more
--   time_high_ratio        and this times them, or less; both NULL if measured
--   frames                 frames of the video, from the manifest; NULL if it does not say
--   component              see work_component
--   spatial_call_count     attention calls within frames
--   temporal_call_count    attention calls across frames
--   spatial_core_ns        ns in QK^T, softmax and AV, within frames
--   temporal_core_ns       ns in QK^T, softmax and AV, across frames
--   spatial_module_ns      ns in whole modules, within frames; NULL if modules are unknown
--   temporal_module_ns     ns in whole modules, across frames; NULL if modules are unknown
--   spatial_core_flops     FLOPs of QK^T and AV, within frames
--   temporal_core_flops    FLOPs of QK^T and AV, across frames
--   spatial_module_flops   FLOPs, projections included, within frames
--   temporal_module_flops  FLOPs, projections included, across frames
--   temporal_core_frac     0..1, share of temporal attention in the component's attention core time
--   core_ns_ratio          temporal divided by spatial core time
--   module_ns_ratio        temporal divided by spatial module time
--   core_flops_ratio       spatial divided by temporal core FLOPs
--   module_flops_ratio     spatial divided by temporal module FLOPs
-- Never:   WHERE temporal_core_frac > 1
-- Plot:    Attention across frames and within frames, in time and in FLOPs
WITH kind AS (
  SELECT
    trace_id,
    component,
    count(*) FILTER (WHERE attention_kind = 'spatial') AS spatial_call_count,
    count(*) FILTER (WHERE attention_kind = 'temporal') AS temporal_call_count,
    sum(core_ns) AS core_ns,
    sum(core_ns) FILTER (WHERE attention_kind = 'spatial') AS spatial_core_ns,
    sum(core_ns) FILTER (WHERE attention_kind = 'temporal') AS temporal_core_ns,
    sum(module_ns) FILTER (WHERE attention_kind = 'spatial') AS spatial_module_ns,
    sum(module_ns) FILTER (WHERE attention_kind = 'temporal') AS temporal_module_ns,
    sum(core_flops) FILTER (WHERE attention_kind = 'spatial') AS spatial_core_flops,
    sum(core_flops) FILTER (WHERE attention_kind = 'temporal') AS temporal_core_flops,
    sum(module_flops) FILTER (WHERE attention_kind = 'spatial') AS spatial_module_flops,
    sum(module_flops) FILTER (WHERE attention_kind = 'temporal') AS temporal_module_flops
  FROM attention_call
  GROUP BY trace_id, component
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  try_cast(trace.manifest ->> 'frames' AS INTEGER) AS frames,
  kind.component,
  kind.spatial_call_count,
  kind.temporal_call_count,
  try_cast(kind.spatial_core_ns AS BIGINT) AS spatial_core_ns,
  try_cast(kind.temporal_core_ns AS BIGINT) AS temporal_core_ns,
  try_cast(kind.spatial_module_ns AS BIGINT) AS spatial_module_ns,
  try_cast(kind.temporal_module_ns AS BIGINT) AS temporal_module_ns,
  try_cast(kind.spatial_core_flops AS BIGINT) AS spatial_core_flops,
  try_cast(kind.temporal_core_flops AS BIGINT) AS temporal_core_flops,
  try_cast(kind.spatial_module_flops AS BIGINT) AS spatial_module_flops,
  try_cast(kind.temporal_module_flops AS BIGINT) AS temporal_module_flops,
  coalesce(kind.temporal_core_ns, 0) / nullif(kind.core_ns, 0) AS temporal_core_frac,
  kind.temporal_core_ns / nullif(kind.spatial_core_ns, 0) AS core_ns_ratio,
  kind.temporal_module_ns / nullif(kind.spatial_module_ns, 0) AS module_ns_ratio,
  kind.spatial_core_flops / nullif(kind.temporal_core_flops, 0) AS core_flops_ratio,
  kind.spatial_module_flops / nullif(kind.temporal_module_flops, 0) AS module_flops_ratio
FROM kind
INNER JOIN trace USING (trace_id)
WHERE kind.spatial_call_count > 0 OR kind.temporal_call_count > 0
ORDER BY trace_id, kind.component
