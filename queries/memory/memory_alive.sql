-- memory_alive: the blocks of memory that were allocated when a device's memory was fullest.
--
-- Why:     only these blocks count for the peak. Whether one holds a parameter or an activation
--          isn't in the allocator's events; where it was allocated is.
-- Grain:   one row per block that was alive at the peak and was allocated in the recording, or is
--          still there in the state of a memory snapshot
-- Inputs:  memory_timeline, memory_moment, memory_block, memory_stack, cpu_op,
--          annotation_timeline, known_annotation
-- Kept:    view
-- Columns:
--   trace_id         trace.trace_id
--   device_id        device.device_id; -1 for host memory
--   addr             address
--   size_bytes       bytes
--   allocated_at_ns  ns from the trace's base; NULL if it was before the recording
--   op_name          operator that allocated it; 'unattributed' outside operators
--   component        component label or tag around it; 'unattributed' if there is none
--   step             step label or tag around it; NULL if there is none
--   module           module label, tag or nn.Module frame around it; 'unattributed' if none
--   place            Python line of a memory snapshot, see memory_stack; 'unattributed' otherwise
--   lifetime         'kept' (not released in the recording) | 'temporary' | 'before' (allocated
--                    before the recording and kept, known from a memory snapshot)
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
    arg_max({
      'size_bytes': size_bytes, 'ts_ns': ts_ns, 'op_id': op_id, 'track': track, 'stack_id': stack_id
    }, ts_ns) FILTER (WHERE is_early AND size_bytes > 0) AS taken,
    sum(sign(size_bytes)) FILTER (WHERE is_early)
    + coalesce(if(
      min(ts_ns) FILTER (WHERE is_early AND size_bytes < 0)
      < min(ts_ns) FILTER (WHERE is_early AND size_bytes > 0), 1, 0
    ), 0) AS alive_count,
    bool_or(NOT is_early AND size_bytes < 0) AS is_released
  FROM event
  GROUP BY trace_id, device_id, addr
),

taken_in_recording AS (
  FROM memory_timeline
  WHERE size_bytes > 0
),

alive AS (
  SELECT
    trace_id, device_id, addr, taken.*, if(is_released, 'temporary', 'kept') AS lifetime
  FROM address
  WHERE alive_count > 0 AND taken IS NOT NULL
  UNION ALL BY NAME
  SELECT
    block.trace_id,
    block.device_id,
    block.addr,
    block.size_bytes,
    block.stack_id,
    'before' AS lifetime
  FROM memory_block AS block
  SEMI JOIN memory_moment USING (trace_id, device_id)
  ANTI JOIN taken_in_recording AS taken
    ON
      block.trace_id = taken.trace_id
      AND block.device_id = taken.device_id
      AND block.addr = taken.addr
  WHERE block.state = 'active_allocated' AND block.size_bytes > 0
),

placed AS (
  SELECT
    alive.*,
    around.component_id,
    around.step_id,
    coalesce(around.module_id, around.python_module_id) AS module_id
  FROM alive
  ASOF LEFT JOIN annotation_timeline AS around
    ON
      alive.trace_id = around.trace_id
      AND alive.track = around.track
      AND alive.ts_ns >= around.start_ns
)

SELECT
  placed.trace_id,
  placed.device_id,
  placed.addr,
  placed.size_bytes,
  placed.ts_ns AS allocated_at_ns,
  coalesce(cpu_op.name, stack.op_name, 'unattributed') AS op_name,
  coalesce(stack.component, component.name, 'unattributed') AS component,
  coalesce(stack.step, step.name) AS step,
  coalesce(stack.module, module.name, 'unattributed') AS module,
  coalesce(stack.place, 'unattributed') AS place,
  placed.lifetime
FROM placed
LEFT JOIN cpu_op ON placed.trace_id = cpu_op.trace_id AND placed.op_id = cpu_op.op_id
LEFT JOIN memory_stack AS stack
  ON placed.trace_id = stack.trace_id AND placed.stack_id = stack.stack_id
LEFT JOIN known_annotation AS component
  ON placed.trace_id = component.trace_id AND placed.component_id = component.annotation_id
LEFT JOIN known_annotation AS step
  ON placed.trace_id = step.trace_id AND placed.step_id = step.annotation_id
LEFT JOIN known_annotation AS module
  ON placed.trace_id = module.trace_id AND placed.module_id = module.annotation_id
