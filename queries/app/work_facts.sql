-- work_facts: what is known of one work item, and what it costs (184 lines because of its links).
--
-- Why:     a profiler's viewer shows a kernel's name and length; who asked for it, and whether it
--          is slow, needs the links.
-- Grain:   one row
-- Inputs:  work, kernel, kernel_launch, runtime_call, python_call, work_module, work_component,
--          work_step, work_category, work_attention, attention_call, work_op, cpu_op,
--          cpu_op_parent, work_cost, trace_ceiling, trace
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
--   of_work BIGINT = 1   work.work_id
-- Columns:
--   name              kernel or operator
--   time_source       'gpu' | 'cpu' | 'predicted'
--   time_low_ratio    see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio   and this times them, or less; both NULL if measured
--   start_ns          ns from the trace's base
--   dur_ns            ns
--   device_id         device.device_id
--   stream_id         stream
--   grid              blocks
--   block             threads
--   registers         registers per thread
--   shared_bytes      shared memory per block, bytes
--   occupancy_frac    0..1, as the profiler estimates it; NULL if not recorded, like the next seven
--   warps_per_sm      warps of the grid for each multiprocessor
--   blocks_per_sm     blocks of the grid for each multiprocessor
--   priority          priority of the stream
--   context_id        CUDA context
--   channel_id        hardware channel
--   graph_node_id     node in its CUDA graph
--   annotation        name of the node
--   launch_call       name of the launching call
--   call_id           runtime_call.call_id
--   call_start_ns     ns
--   call_track        process and thread of the call
--   launch_delay_ns   ns from the start of the call to the start of the kernel
--   operator_chain    names of the operators around it, the outermost first
--   op_id             cpu_op.op_id of the innermost
--   python_frame      innermost Python frame around the call, 'file.py(line): function'; NULL if
--                     frames were not loaded
--   component         see work_component
--   component_source  see work_component
--   step              see work_step
--   module            see work_module
--   module_class      see work_module
--   category          see work_category
--   category_source   see work_category
--   category_rule     the rule that decided
--   attention_kind    see attention_call; NULL outside attention
--   attention_role    'core' | 'module'; NULL outside attention
--   query_len         of its attention call
--   kv_len            of its attention call
--   heads             of its attention call
--   head_dim          of its attention call
--   input_dims        shapes of the operator
--   input_types       types of the operator
--   flops             FLOPs
--   bytes             bytes
--   flops_frac        0..1 of the device's peak FLOP/s; NULL if unknown
--   bytes_frac        0..1 of the device's peak bandwidth; NULL if unknown
WITH RECURSIVE me AS (
  SELECT
    work.*,
    work_op.op_id AS asked_by
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  WHERE trace_id = of_trace AND work_id = of_work
),

chain AS (
  SELECT
    asked_by AS op_id,
    0 AS height
  FROM me
  UNION ALL
  SELECT
    parent.parent_op_id,
    chain.height + 1 AS height
  FROM chain
  INNER JOIN cpu_op_parent AS parent
    ON parent.trace_id = of_trace AND chain.op_id = parent.op_id
  WHERE parent.parent_op_id IS NOT NULL
),

named AS (
  SELECT string_agg(cpu_op.name, ' › ' ORDER BY chain.height DESC) AS operator_chain
  FROM chain
  INNER JOIN cpu_op ON cpu_op.trace_id = of_trace AND chain.op_id = cpu_op.op_id
),

asking AS (
  SELECT call.*
  FROM kernel_launch AS launch
  INNER JOIN runtime_call AS call USING (trace_id, call_id)
  WHERE launch.trace_id = of_trace AND launch.kernel_id = of_work
),

frame AS (
  SELECT arg_max(python_call.name, python_call.start_ns) AS python_frame
  FROM python_call
  INNER JOIN asking
    ON
      python_call.process_id = asking.process_id
      AND python_call.thread_id = asking.thread_id
      AND python_call.start_ns <= asking.start_ns
      AND python_call.start_ns + python_call.dur_ns > asking.start_ns
  WHERE python_call.trace_id = of_trace
)

SELECT
  me.name,
  me.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  me.start_ns,
  me.dur_ns,
  me.device_id,
  me.stream_id,
  kernel.grid,
  kernel.block,
  kernel.registers,
  kernel.shared_bytes,
  kernel.occupancy_frac,
  kernel.warps_per_sm,
  kernel.blocks_per_sm,
  kernel.priority,
  kernel.context_id,
  kernel.channel_id,
  kernel.graph_node_id,
  kernel.annotation,
  call.name AS launch_call,
  call.call_id,
  call.start_ns AS call_start_ns,
  call.process_id || '/' || call.thread_id AS call_track,
  me.start_ns - call.start_ns AS launch_delay_ns,
  named.operator_chain,
  me.asked_by AS op_id,
  frame.python_frame,
  component.component,
  component.source AS component_source,
  step.step,
  module.module,
  module.module_class,
  category.category,
  category.source AS category_source,
  category.rule AS category_rule,
  nullif(attention.attention_kind, 'none') AS attention_kind,
  nullif(attention.role, 'none') AS attention_role,
  attention_call.query_len,
  attention_call.kv_len,
  attention_call.heads,
  attention_call.head_dim,
  cpu_op.input_dims,
  cpu_op.input_types,
  cost.flops,
  cost.bytes,
  cost.flops / nullif(me.dur_ns, 0) * 1e9 / ceiling.peak_flops_per_s AS flops_frac,
  cost.bytes / nullif(me.dur_ns, 0) * 1e9 / ceiling.peak_bytes_per_s AS bytes_frac
FROM me
CROSS JOIN named
-- a trace's work is either kernels or operators, so a kernel's number is its work item's
LEFT JOIN kernel ON kernel.trace_id = of_trace AND kernel.kernel_id = of_work
LEFT JOIN asking AS call ON TRUE
CROSS JOIN frame
LEFT JOIN work_component AS component
  ON component.trace_id = of_trace AND component.work_id = of_work
LEFT JOIN work_step AS step
  ON step.trace_id = of_trace AND step.work_id = of_work
LEFT JOIN work_module AS module
  ON module.trace_id = of_trace AND module.work_id = of_work
LEFT JOIN work_category AS category
  ON category.trace_id = of_trace AND category.work_id = of_work
LEFT JOIN work_attention AS attention
  ON attention.trace_id = of_trace AND attention.work_id = of_work
LEFT JOIN attention_call
  ON
    attention.trace_id = attention_call.trace_id
    AND attention.attention_call_id = attention_call.attention_call_id
LEFT JOIN cpu_op ON me.trace_id = cpu_op.trace_id AND me.asked_by = cpu_op.op_id
LEFT JOIN work_cost AS cost
  ON cost.trace_id = of_trace AND cost.work_id = of_work
LEFT JOIN trace_ceiling AS ceiling ON ceiling.trace_id = of_trace
LEFT JOIN trace ON trace.trace_id = of_trace
