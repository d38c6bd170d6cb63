-- memory_alive: the blocks that were allocated when memory was fullest (182 lines because of ties).
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
WITH RECURSIVE
observed AS (
  SELECT
    timeline.*,
    moment.peak_ns,
    moment.peak_bytes,
    moment.before_bytes + coalesce(sum(timeline.size_bytes) FILTER (
      WHERE timeline.ts_ns < moment.peak_ns
    ) OVER (PARTITION BY timeline.trace_id, timeline.device_id), 0) AS level_bytes
  FROM memory_timeline AS timeline
  INNER JOIN memory_moment AS moment USING (trace_id, device_id)
  WHERE NOT moment.is_before_peak
),

-- events of the peak's own moment, whose order follows from their totals
same_moment AS MATERIALIZED (
  SELECT
    trace_id, device_id, ts_ns, addr, size_bytes, allocated_bytes, peak_bytes, level_bytes
  FROM observed
  WHERE ts_ns = peak_ns
),

-- back from the peak to the total that was there before the moment
climb AS (
  FROM same_moment
  WHERE size_bytes > 0 AND allocated_bytes = peak_bytes
  QUALIFY
    row_number() OVER (
      PARTITION BY trace_id, device_id ORDER BY allocated_bytes - size_bytes <> level_bytes, addr
    ) = 1
  UNION
  SELECT * FROM (
    SELECT earlier.*
    FROM climb
    INNER JOIN same_moment AS earlier
      ON
        climb.trace_id = earlier.trace_id
        AND climb.device_id = earlier.device_id
        AND climb.allocated_bytes - climb.size_bytes = earlier.allocated_bytes
    WHERE
      climb.allocated_bytes - climb.size_bytes <> climb.level_bytes
      -- the peak is the first of its height
      AND climb.peak_bytes NOT IN (
        earlier.allocated_bytes, earlier.allocated_bytes - earlier.size_bytes
      )
    QUALIFY
      row_number() OVER (
        PARTITION BY earlier.trace_id, earlier.device_id
        ORDER BY
          earlier.allocated_bytes - earlier.size_bytes <> earlier.level_bytes,
          earlier.size_bytes, earlier.addr
      ) = 1
  ) AS found
),

event AS (
  SELECT
    observed.*,
    observed.ts_ns < observed.peak_ns OR (
      observed.ts_ns = observed.peak_ns
      -- without totals, releases come after it
      AND if(observed.peak_bytes IS NULL, observed.size_bytes > 0, climb.addr IS NOT NULL)
    ) AS is_early
  FROM observed
  LEFT JOIN climb
    ON
      observed.trace_id = climb.trace_id
      AND observed.device_id = climb.device_id
      AND observed.addr = climb.addr
      AND observed.size_bytes = climb.size_bytes
      AND observed.allocated_bytes = climb.allocated_bytes
      AND observed.ts_ns = climb.ts_ns
  WHERE observed.addr IS NOT NULL
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
