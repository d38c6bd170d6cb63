-- frame_scaling: FLOPs of spatial and temporal attention by frames (121 lines because of columns).
--
-- Why:     attention within frames grows linearly with the number of frames, attention across
--          frames with its square. They are equal when there are as many frames as positions in a
--          frame.
-- Grain:   one row per (trace_id, component, spatial_len, channels, frames)
-- Inputs:  trace, attention_call
-- Merge:   trace, attention_call
-- Needs:   operator, shape, pair
-- Key:     trace_name, component, frames, spatial_flops, temporal_flops, crossover_frames
-- Columns:
--   trace_id             trace.trace_id
--   trace_name           trace.name
--   model                trace.model
--   attention            trace.attention
--   predicted            trace.predicted; times of calls are then not measured
--   time_low_ratio       see trace: true times are expected to be this times the ones shown, or
--                        more
--   time_high_ratio      and this times them, or less; both NULL if measured
--   component            see work_component
--   spatial_len          positions in a frame, H * W
--   channels             heads * head_dim
--   videos               sequences of frames in a call: the batch, doubled by guidance
--   frames               number of frames: powers of two, and the run's number
--   recorded             true for the run's number of frames
--   spatial_flops        FLOPs of one call within frames, 4 * videos * frames * spatial_len^2 *
--                        channels
--   temporal_flops       FLOPs of one call across frames, 4 * videos * spatial_len * frames^2 *
--                        channels
--   crossover_frames     number of frames at which both are equal: spatial_len
--   spatial_call_flops   FLOPs of a recorded call; NULL unless recorded
--   temporal_call_flops  FLOPs of a recorded call; NULL unless recorded
--   spatial_call_ns      ns, mean core time of a call; NULL unless recorded
--   temporal_call_ns     ns, mean core time of a call; NULL unless recorded
-- Never:   WHERE (frames = crossover_frames) <> (spatial_flops = temporal_flops)
-- Plot:    FLOPs of attention within and across frames, by number of frames
WITH site_call AS (
  SELECT
    trace_id,
    component,
    attention_kind,
    query_len,
    heads * head_dim AS channels,
    batch,
    avg(core_flops) AS call_flops,
    avg(core_ns) AS call_ns
  FROM attention_call
  WHERE query_len = kv_len
  GROUP BY trace_id, component, attention_kind, query_len, heads * head_dim, batch
),

-- two views of one tensor: (videos * frames, positions) and (videos * positions, frames)
site AS (
  SELECT
    spatial.trace_id,
    spatial.component,
    spatial.query_len AS spatial_len,
    spatial.channels,
    spatial.batch // temporal.query_len AS videos,
    temporal.query_len AS own_frames,
    spatial.call_flops AS spatial_call_flops,
    temporal.call_flops AS temporal_call_flops,
    spatial.call_ns AS spatial_call_ns,
    temporal.call_ns AS temporal_call_ns
  FROM site_call AS spatial
  INNER JOIN site_call AS temporal
    ON
      spatial.trace_id = temporal.trace_id
      AND spatial.component = temporal.component
      AND spatial.channels = temporal.channels
      AND spatial.batch * spatial.query_len = temporal.batch * temporal.query_len
  WHERE spatial.attention_kind = 'spatial' AND temporal.attention_kind = 'temporal'
),

length AS (
  SELECT unnest([2 ** power FOR power IN range(13)]) AS frames
),

curve AS (
  SELECT
    site.*,
    length.frames
  FROM site
  CROSS JOIN length
  UNION
  SELECT
    site.*,
    site.own_frames AS frames
  FROM site
)

SELECT
  trace_id,
  trace.name AS trace_name,
  trace.model,
  trace.attention,
  trace.predicted,
  trace.time_low_ratio,
  trace.time_high_ratio,
  curve.component,
  curve.spatial_len,
  curve.channels,
  curve.videos,
  try_cast(curve.frames AS BIGINT) AS frames,
  curve.frames = curve.own_frames AS recorded,
  try_cast(4 * curve.videos * curve.frames * curve.spatial_len ** 2 * curve.channels AS BIGINT)
    AS spatial_flops,
  try_cast(4 * curve.videos * curve.spatial_len * curve.frames ** 2 * curve.channels AS BIGINT)
    AS temporal_flops,
  curve.spatial_len AS crossover_frames,
  if(curve.frames = curve.own_frames, try_cast(curve.spatial_call_flops AS BIGINT), NULL)
    AS spatial_call_flops,
  if(curve.frames = curve.own_frames, try_cast(curve.temporal_call_flops AS BIGINT), NULL)
    AS temporal_call_flops,
  if(curve.frames = curve.own_frames, try_cast(curve.spatial_call_ns AS BIGINT), NULL)
    AS spatial_call_ns,
  if(curve.frames = curve.own_frames, try_cast(curve.temporal_call_ns AS BIGINT), NULL)
    AS temporal_call_ns
FROM curve
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, curve.component, curve.spatial_len, curve.frames
