-- work_call: when, and on which thread, the host requested each work item.
--
-- Why:     ranges surround the host's call, not the kernel that runs later. Backward work is
--          requested on autograd's thread, outside all modules, so it takes the place of its
--          forward operator; communication while gradients are added up keeps its own.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_op, kernel_launch, runtime_call, cpu_op, backward_call, operator_category
-- Texts:   process_id, track, forward_track, source
-- Columns:
--   trace_id           trace.trace_id
--   work_id            work.work_id
--   process_id         process that requested the work; NULL if unknown
--   track              process and thread that requested the work; NULL if unknown
--   called_ns          ns, start of the launching call or of the operator; NULL if unknown
--   forward_track      track of the forward operator, for backward work
--   forward_called_ns  called_ns of the forward operator, for backward work
--   source             where called_ns comes from: 'call' | 'operator' | 'none'
WITH asked AS (
  -- a trace's work is either kernels, or operators, which have no launch
  SELECT
    work_op.trace_id,
    work_op.work_id,
    work_op.op_id,
    work_op.op_name,
    work_op.root_op_id,
    kernel_launch.call_id
  FROM work_op
  LEFT JOIN kernel_launch
    ON work_op.trace_id = kernel_launch.trace_id AND work_op.work_id = kernel_launch.kernel_id
),

-- needed only if the call lacks something, because texts are slow to carry
asking_op AS (
  SELECT
    asked.trace_id,
    asked.work_id,
    op.process_id,
    op.thread_id,
    op.start_ns
  FROM asked
  ANTI JOIN (
    SELECT trace_id, call_id FROM runtime_call
    WHERE process_id IS NOT NULL
  ) AS call USING (trace_id, call_id)
  INNER JOIN cpu_op AS op USING (trace_id, op_id)
),

placed AS (
  SELECT
    asked.trace_id,
    asked.work_id,
    asked.op_name,
    asked.root_op_id,
    coalesce(call.process_id, op.process_id) AS process_id,
    if(call.call_id IS NULL, op.thread_id, call.thread_id) AS thread_id,
    coalesce(call.start_ns, op.start_ns) AS called_ns,
    CASE
      WHEN call.call_id IS NOT NULL THEN 'call'
      WHEN op.work_id IS NOT NULL THEN 'operator'
      ELSE 'none'
    END AS source
  FROM asked
  LEFT JOIN runtime_call AS call USING (trace_id, call_id)
  LEFT JOIN asking_op AS op ON asked.trace_id = op.trace_id AND asked.work_id = op.work_id
),

communicating AS (
  SELECT trace_id, name FROM operator_category
  WHERE category = 'communication'
)

SELECT
  placed.trace_id,
  placed.work_id,
  placed.process_id,
  if(placed.source = 'none', NULL, concat_ws(' ', placed.process_id, placed.thread_id)) AS track,
  placed.called_ns,
  coalesce(
    -- a bucket of gradients that is sent while one is added up belongs to no single module
    if(
      backward_call.is_accumulation AND communicating.name IS NOT NULL, NULL,
      backward_call.forward_track
    ),
    if(placed.source = 'none', NULL, concat_ws(' ', placed.process_id, placed.thread_id))
  ) AS forward_track,
  coalesce(
    if(
      backward_call.is_accumulation AND communicating.name IS NOT NULL, NULL,
      backward_call.forward_called_ns
    ),
    placed.called_ns
  ) AS forward_called_ns,
  placed.source
FROM placed
LEFT JOIN communicating
  ON placed.trace_id = communicating.trace_id AND placed.op_name = communicating.name
LEFT JOIN backward_call
  ON placed.trace_id = backward_call.trace_id AND placed.root_op_id = backward_call.op_id
