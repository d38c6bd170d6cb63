-- memory_alive: the blocks of memory that were allocated when a device's memory was fullest.
--
-- Why:     only these blocks count for the peak. Whether one holds a parameter or an activation
--          isn't in the allocator's events; where it was allocated is.
-- Grain:   one row per block that was allocated in the recording and alive at the peak
-- Inputs:  memory_timeline, memory_moment, cpu_op, annotation_timeline, known_annotation
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   device_id        device.device_id; -1 for host memory
--   addr             address
--   size_bytes       bytes
--   allocated_at_ns  ns from the trace's base
--   op_name          operator that allocated it; 'unattributed' outside operators
--   component        component label around it; 'unattributed' if there is none
--   module           module label or nn.Module frame around it; 'unattributed' if there is none
--   lifetime         'kept' (not released in the recording) | 'temporary'
-- Never:   WHERE size_bytes <= 0
WITH event AS (
  SELECT
    timeline.*,
    moment.peak_ns,
    -- releases at the peak's own moment come after it
    timeline.ts_ns < moment.peak_ns OR (timeline.ts_ns = moment.peak_ns AND timeline.size_bytes > 0)
      AS is_early
  FROM memory_timeline AS timeline
  INNER JOIN memory_moment AS moment USING (trace_id, device_id)
  WHERE NOT moment.is_before_peak AND timeline.addr IS NOT NULL
),

-- blocks of one address follow one another, so what counts is how often it was taken and released;
-- a release that comes first is of a block from before the recording
address AS (
  SELECT
    trace_id,
    device_id,
    addr,
    arg_max(size_bytes, ts_ns) FILTER (WHERE is_early AND size_bytes > 0) AS size_bytes,
    max(ts_ns) FILTER (WHERE is_early AND size_bytes > 0) AS allocated_at_ns,
    arg_max(op_id, ts_ns) FILTER (WHERE is_early AND size_bytes > 0) AS op_id,
    arg_max(track, ts_ns) FILTER (WHERE is_early AND size_bytes > 0) AS track,
    sum(sign(size_bytes)) FILTER (WHERE is_early)
    + coalesce(if(
      min(ts_ns) FILTER (WHERE is_early AND size_bytes < 0)
      < min(ts_ns) FILTER (WHERE is_early AND size_bytes > 0), 1, 0
    ), 0) AS alive_count,
    bool_or(NOT is_early AND size_bytes < 0) AS is_released
  FROM event
  GROUP BY trace_id, device_id, addr
),

alive AS (
  FROM address
  WHERE alive_count > 0 AND size_bytes IS NOT NULL
),

placed AS (
  SELECT
    alive.*,
    around.component_id,
    coalesce(around.module_id, around.python_module_id) AS module_id
  FROM alive
  ASOF LEFT JOIN annotation_timeline AS around
    ON
      alive.trace_id = around.trace_id
      AND alive.track = around.track
      AND alive.allocated_at_ns >= around.start_ns
)

SELECT
  placed.trace_id,
  placed.device_id,
  placed.addr,
  placed.size_bytes,
  placed.allocated_at_ns,
  coalesce(cpu_op.name, 'unattributed') AS op_name,
  coalesce(component.name, 'unattributed') AS component,
  coalesce(module.name, 'unattributed') AS module,
  if(placed.is_released, 'temporary', 'kept') AS lifetime
FROM placed
LEFT JOIN cpu_op ON placed.trace_id = cpu_op.trace_id AND placed.op_id = cpu_op.op_id
LEFT JOIN known_annotation AS component
  ON
    placed.trace_id = component.trace_id
    AND placed.component_id = component.annotation_id
LEFT JOIN known_annotation AS module
  ON placed.trace_id = module.trace_id AND placed.module_id = module.annotation_id
