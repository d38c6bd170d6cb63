-- work_phase: which pass of a training step each work item belongs to, and the host's phase.
--
-- Why:     a step runs the same modules forward, backward and, with checkpointing, forward again;
--          then the optimizer updates the weights. Backward work belongs to the module of its
--          forward operator, but to the phase that the host was in.
-- Grain:   one row per (trace_id, work_id) of work
-- Inputs:  work_op, work_call, work_annotation, optimizer_range, known_annotation, cpu_op,
--          recomputed_op
-- Texts:   pass, phase
-- Columns:
--   trace_id  trace.trace_id
--   work_id   work.work_id
--   pass      'forward' | 'backward' | 'update' (in an optimizer's step or zero_grad) |
--             'recompute' (forward again, inside a backward operator); 'unattributed' if the
--             operator is unknown. Work without gradients is 'forward'
--   phase     of the range 'phase:<name>' around the host; 'unattributed' without such a range
WITH numbered AS MATERIALIZED (
  -- sort numbers, because texts are slow to sort
  SELECT *, dense_rank() OVER (ORDER BY track) AS track_number
  FROM optimizer_range
),

thread AS (
  SELECT DISTINCT trace_id, track, track_number FROM numbered
),

moment AS (
  SELECT work_call.trace_id, work_call.work_id, work_call.called_ns, thread.track_number
  FROM work_call
  INNER JOIN thread USING (trace_id, track)
),

updated AS (
  SELECT moment.trace_id, moment.work_id
  FROM moment
  ASOF INNER JOIN numbered
    ON
      moment.trace_id = numbered.trace_id
      AND moment.track_number = numbered.track_number
      AND moment.called_ns >= numbered.start_ns
  WHERE moment.called_ns < numbered.end_ns
),

backward AS (
  SELECT trace_id, op_id FROM cpu_op
  WHERE forward_thread_id > 0
),

recomputed AS (
  SELECT work_op.trace_id, work_op.work_id
  FROM work_op
  SEMI JOIN recomputed_op AS root USING (trace_id, root_op_id)
  INNER JOIN cpu_op USING (trace_id, op_id)
  ASOF INNER JOIN recomputed_op
    ON
      work_op.trace_id = recomputed_op.trace_id
      AND work_op.root_op_id = recomputed_op.root_op_id
      AND cpu_op.start_ns >= recomputed_op.start_ns
  WHERE cpu_op.start_ns < recomputed_op.end_ns
),

phase_range AS (
  SELECT trace_id, annotation_id, substr(name, 7) AS phase
  FROM known_annotation
  WHERE starts_with(name, 'phase:')
),

-- the phase of the innermost range, or else of the outermost one
phased AS (
  SELECT
    work_annotation.trace_id,
    work_annotation.work_id,
    coalesce(innermost.phase, outermost.phase) AS phase
  FROM work_annotation
  LEFT JOIN phase_range AS innermost
    ON
      work_annotation.trace_id = innermost.trace_id
      AND work_annotation.user_id = innermost.annotation_id
  LEFT JOIN phase_range AS outermost
    ON
      work_annotation.trace_id = outermost.trace_id
      AND work_annotation.user_root_id = outermost.annotation_id
  WHERE coalesce(innermost.phase, outermost.phase) IS NOT NULL
)

SELECT
  work_op.trace_id,
  work_op.work_id,
  CASE
    WHEN updated.work_id IS NOT NULL OR starts_with(work_op.root_op_name, 'Optimizer.')
      THEN 'update'
    WHEN starts_with(work_op.op_name, 'aten::_fused_') AND ends_with(work_op.op_name, '_')
      THEN 'update'
    WHEN recomputed.work_id IS NOT NULL THEN 'recompute'
    WHEN backward.op_id IS NOT NULL OR starts_with(work_op.root_op_name, 'autograd::engine')
      THEN 'backward'
    WHEN ends_with(work_op.root_op_name, 'AccumulateGrad') THEN 'backward'
    WHEN work_op.op_id IS NULL THEN 'unattributed'
    ELSE 'forward'
  END AS pass,
  coalesce(phased.phase, 'unattributed') AS phase
FROM work_op
LEFT JOIN phased USING (trace_id, work_id)
LEFT JOIN updated USING (trace_id, work_id)
LEFT JOIN recomputed USING (trace_id, work_id)
LEFT JOIN backward
  ON work_op.trace_id = backward.trace_id AND work_op.root_op_id = backward.op_id
