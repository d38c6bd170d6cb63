-- collective: the arguments of collectives in a Kineto trace.
--
-- Why:     newer versions write them to the kernel, all others to the operator that PyTorch puts
--          around the call.
-- Grain:   one row per kernel or operator with the name of a collective among its arguments
-- Inputs:  kineto_event, kineto_text, kernel_row, kernel_text, cpu_op_row, cpu_op_text, trace_file
-- From:    kineto_text WHERE collective_name IS NOT NULL
-- Columns:
--   trace_id             trace.trace_id
--   kernel_id            kernel.kernel_id; NULL for an operator
--   op_id                cpu_op.op_id; NULL for a kernel
--   name                 as recorded
--   process_group        name of the group
--   process_group_ranks  JSON text
--   group_size           ranks in the group
--   in_elements          elements of the input
--   out_elements         elements of the output
--   dtype                type of an element, as recorded
--   sequence_number      number of the call in its group
--   comms_id             number of the call in the job
WITH described AS (
  SELECT
    event.role,
    event.device_id,
    event.stream_id,
    event.pid,
    event.tid,
    event.start_ns,
    event.dur_ns,
    event.correlation_id,
    event.name AS event_name,
    event.collective_name AS name,
    text.process_group,
    text.process_group_ranks,
    text.group_size,
    text.in_elements,
    text.out_elements,
    text.dtype,
    text.sequence_number,
    text.comms_id
  FROM kineto_event AS event
  INNER JOIN kineto_text AS text ON event.text_id = text.text_id
  WHERE event.collective_name IS NOT NULL AND event.ph = 'X' AND event.start_ns IS NOT NULL
),

-- few sets of texts have such a name: find their rows by a number first
named_kernel AS MATERIALIZED (
  SELECT
    kernel.*,
    text.name
  FROM kernel_row AS kernel
  INNER JOIN kernel_text AS text ON kernel.text_id = text.text_id
  WHERE
    text.name IN (
      SELECT event_name FROM described
      WHERE role = 'kernel'
    )
),

named_op AS MATERIALIZED (
  SELECT
    op.*,
    text.process_id,
    text.thread_id,
    text.name
  FROM cpu_op_row AS op
  INNER JOIN cpu_op_text AS text ON op.text_id = text.text_id
  WHERE
    text.name IN (
      SELECT event_name FROM described
      WHERE role = 'op'
    )
),

-- an event that is written twice counts once
found AS (
  SELECT kernel.kernel_id, NULL AS op_id, any_value(described) AS said
  FROM described
  INNER JOIN named_kernel AS kernel
    ON
      described.start_ns = kernel.start_ns
      AND described.dur_ns = kernel.dur_ns
      AND described.device_id = kernel.device_id
      AND described.stream_id IS NOT DISTINCT FROM kernel.stream_id
      AND described.correlation_id IS NOT DISTINCT FROM kernel.correlation_id
      AND described.event_name = kernel.name
  WHERE described.role = 'kernel'
  GROUP BY kernel.kernel_id
  UNION ALL
  SELECT NULL AS kernel_id, op.op_id, any_value(described) AS said
  FROM described
  INNER JOIN named_op AS op
    ON
      described.start_ns = op.start_ns
      AND described.dur_ns = op.dur_ns
      AND described.pid IS NOT DISTINCT FROM op.process_id
      AND described.tid IS NOT DISTINCT FROM op.thread_id
      AND described.event_name = op.name
  WHERE described.role = 'op'
  GROUP BY op.op_id
)

SELECT
  file.trace_id,
  found.kernel_id,
  found.op_id,
  found.said.name,
  found.said.process_group,
  found.said.process_group_ranks,
  found.said.group_size,
  found.said.in_elements,
  found.said.out_elements,
  found.said.dtype,
  found.said.sequence_number,
  found.said.comms_id
FROM found
CROSS JOIN trace_file AS file
