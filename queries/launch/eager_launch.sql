-- eager_launch: the kernels that a step launched one by one, inside operators, with their place.
--
-- Why:     CUDA's calls don't name the kernels that they capture, but a step that ran before the
--          capture, or without graphs, launched the same kernels in the same order.
-- Grain:   one row per such kernel of one step of each trace, if a trace of the study has graphs
-- Inputs:  runtime_call, kernel, kernel_launch, cpu_op, work_step, work_module
-- From:    kernel
-- Kept:    view
-- Columns:
--   trace_id     trace.trace_id
--   first_id     call_id of the first of them
--   position     place in the step, from 0
--   call_id      runtime_call.call_id
--   kernel_name  kernel.name
--   op_id        innermost operator around the call
--   op_name      cpu_op.name
--   module       see work_module; NULL if unknown
-- Never:   GROUP BY trace_id, position HAVING count(*) > 1
WITH graph_call AS MATERIALIZED (
  SELECT DISTINCT trace_id, call_id FROM runtime_call
  WHERE contains(name, 'GraphLaunch')
),

-- without a graph, nothing else is read
any_graph AS MATERIALIZED (
  SELECT 1 AS is_there FROM graph_call
  LIMIT 1
),

launch AS (
  SELECT kernel_launch.* FROM kernel_launch
  CROSS JOIN any_graph
  WHERE call_id IS NOT NULL AND op_id IS NOT NULL
),

operator AS (
  SELECT cpu_op.trace_id, cpu_op.op_id, cpu_op.name FROM cpu_op
  CROSS JOIN any_graph
),

within AS (
  SELECT work_module.trace_id, work_module.work_id, work_module.module FROM work_module
  CROSS JOIN any_graph
),

stepped AS (
  SELECT work_step.* FROM work_step
  CROSS JOIN any_graph
  WHERE step IS NOT NULL
),

eager AS (
  SELECT
    kernel.trace_id,
    kernel.kernel_id,
    kernel.name AS kernel_name,
    kernel.start_ns,
    launch.call_id,
    launch.op_id,
    stepped.step
  FROM kernel
  INNER JOIN launch USING (trace_id, kernel_id)
  ANTI JOIN graph_call
    ON launch.trace_id = graph_call.trace_id AND launch.call_id = graph_call.call_id
  INNER JOIN stepped
    ON kernel.trace_id = stepped.trace_id AND kernel.kernel_id = stepped.work_id
),

-- the longest step, of equal ones the last: the first may still build something
chosen AS (
  SELECT trace_id, step
  FROM eager
  GROUP BY trace_id, step
  QUALIFY row_number() OVER (PARTITION BY trace_id ORDER BY count(*) DESC, step DESC) = 1
),

-- by itself, or DuckDB joins all calls of a trace with all its operators first
placed AS MATERIALIZED (
  SELECT eager.*, call.start_ns AS call_start_ns
  FROM eager
  SEMI JOIN chosen ON eager.trace_id = chosen.trace_id AND eager.step = chosen.step
  INNER JOIN runtime_call AS call
    ON eager.trace_id = call.trace_id AND eager.call_id = call.call_id
)

SELECT
  placed.trace_id,
  first_value(placed.call_id) OVER in_order AS first_id,
  row_number() OVER in_order - 1 AS position,
  placed.call_id,
  placed.kernel_name,
  placed.op_id,
  cpu_op.name AS op_name,
  nullif(work_module.module, 'unattributed') AS module
FROM placed
INNER JOIN operator AS cpu_op
  ON placed.trace_id = cpu_op.trace_id AND placed.op_id = cpu_op.op_id
LEFT JOIN within AS work_module
  ON placed.trace_id = work_module.trace_id AND placed.kernel_id = work_module.work_id
WINDOW in_order AS (
  PARTITION BY placed.trace_id ORDER BY placed.call_start_ns, placed.start_ns, placed.kernel_id
)
