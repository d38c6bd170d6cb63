-- work_fact: all that is known about each work item, in one row.
--
-- Why:     a timeline, a table of kernels or an export shows one item with its module, shapes and
--          cost, which are in ten relations.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work, work_component, work_step, work_module, work_category, work_attention, work_op,
--          work_cost, attention_call, cost_root, cpu_op, expected_call
-- Kept:    view
-- Columns:
--   trace_id             trace.trace_id
--   work_id              work.work_id
--   time_source          work.time_source
--   device_id            work.device_id
--   stream_id            work.stream_id
--   start_ns             ns from the trace's base
--   dur_ns               ns
--   name                 name of the kernel or operator
--   component            see work_component
--   step                 see work_step
--   module               see work_module
--   module_class         see work_module
--   category             see work_category
--   attention_kind       see attention_call; 'none' outside attention
--   attention_role       see work_attention
--   query_len            of its attention call, as the next three
--   kv_len               see attention_call
--   heads                see attention_call
--   head_dim             see attention_call
--   op_name              innermost operator that asked for it
--   root_op_name         outermost operator around it
--   input_dims           JSON text, shapes of the operator that carries its cost, else of its own
--   input_types          JSON text, their types
--   flops                see work_cost
--   bytes                see work_cost
--   op_expected_ns       ns that all work of that operator should have taken; NULL if unknown
--   op_expected_low_ns   ns that nine of ten such operators take longer than, see expected_call
--   op_expected_high_ns  and less than
-- Never:   GROUP BY trace_id, work_id HAVING count(*) > 1
SELECT
  work.trace_id,
  work.work_id,
  work.time_source,
  work.device_id,
  work.stream_id,
  work.start_ns,
  work.dur_ns,
  work.name,
  work_component.component,
  work_step.step,
  work_module.module,
  work_module.module_class,
  work_category.category,
  work_attention.attention_kind,
  work_attention.role AS attention_role,
  attention_call.query_len,
  attention_call.kv_len,
  attention_call.heads,
  attention_call.head_dim,
  work_op.op_name,
  work_op.root_op_name,
  op.input_dims,
  op.input_types,
  work_cost.flops,
  work_cost.bytes,
  expected_call.expected_ns AS op_expected_ns,
  expected_call.expected_low_ns AS op_expected_low_ns,
  expected_call.expected_high_ns AS op_expected_high_ns
FROM work
INNER JOIN work_component USING (trace_id, work_id)
INNER JOIN work_step USING (trace_id, work_id)
INNER JOIN work_module USING (trace_id, work_id)
INNER JOIN work_category USING (trace_id, work_id)
INNER JOIN work_attention USING (trace_id, work_id)
INNER JOIN work_op USING (trace_id, work_id)
INNER JOIN work_cost USING (trace_id, work_id)
LEFT JOIN attention_call
  ON
    work_attention.trace_id = attention_call.trace_id
    AND work_attention.attention_call_id = attention_call.attention_call_id
LEFT JOIN cost_root
  ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
LEFT JOIN cpu_op AS op
  ON
    work_op.trace_id = op.trace_id
    AND op.op_id = if(cost_root.has_cost, cost_root.cost_op_id, work_op.op_id)
LEFT JOIN expected_call
  ON op.trace_id = expected_call.trace_id AND op.signature_id = expected_call.signature_id
