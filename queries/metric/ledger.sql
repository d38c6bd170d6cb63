-- ledger: how much of the work the trace can say the purpose of.
--
-- Why:     every share in the other answers rests on these links; what is missing stands here.
-- Grain:   one row per (trace_id, question, answer)
-- Inputs:  trace, work, work_op, work_class, work_component, work_step, work_module,
--          work_attention, work_cost
-- Columns:
--   trace_id    trace.trace_id
--   trace_name  trace.name
--   place       'gpu' | 'cpu' | 'predicted': where the time is from; NULL without work
--   question    'operator' | 'class' | 'component' | 'step' | 'module' | 'attention' | 'cost'; of a
--               trace without work only 'work'
--   answered    false where the answer is unknown: unlinked, unclassified, unattributed
--   answer      how it is known, or the word for not knowing
--   work_count  work items
--   work_ns     ns, sum of durations
--   work_frac   0..1 of the trace's work_ns; NULL without work
--   trace_ns    ns, sum over all work of the trace: each question's work_ns add up to it
-- Never:   GROUP BY trace_id, question HAVING sum(work_ns) <> any_value(trace_ns)
-- Plot:    For how much of the time the trace can say what it was for
WITH answered_work AS (
  SELECT
    trace_id,
    work.place,
    work.dur_ns,
    unnest([
      { question: 'operator', answered: work_op.op_id IS NOT NULL, answer: work_op.link },
      {
        question: 'class',
        answered: work_class.category <> 'unclassified',
        answer: if(work_class.category = 'unclassified', 'unclassified', work_class.source)
      },
      {
        question: 'component',
        answered: work_component.component <> 'unattributed',
        answer: if(
          work_component.component = 'unattributed', 'unattributed', work_component.source
        )
      },
      {
        question: 'step',
        answered: work_step.step IS NOT NULL,
        answer: if(work_step.step IS NULL, 'unattributed', work_step.source)
      },
      {
        question: 'module',
        answered: work_module.module <> 'unattributed',
        answer: if(work_module.module = 'unattributed', 'unattributed', work_module.source)
      },
      { question: 'attention', answered: TRUE, answer: work_attention.role },
      {
        question: 'cost',
        answered: work_cost.flops IS NOT NULL,
        answer: if(work_cost.flops IS NULL, 'unknown', 'shapes')
      }
    ]) AS entry
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_class USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_attention USING (trace_id, work_id)
  INNER JOIN work_cost USING (trace_id, work_id)
),

total AS (
  SELECT
    trace_id,
    sum(dur_ns) AS trace_ns
  FROM work
  GROUP BY trace_id
)

SELECT
  answered_work.trace_id,
  any_value(trace.name) AS trace_name,
  any_value(answered_work.place) AS place,
  answered_work.entry.question,
  answered_work.entry.answered,
  answered_work.entry.answer,
  count(*) AS work_count,
  cast(sum(answered_work.dur_ns) AS BIGINT) AS work_ns,
  sum(answered_work.dur_ns) / nullif(any_value(total.trace_ns), 0) AS work_frac,
  cast(any_value(total.trace_ns) AS BIGINT) AS trace_ns
FROM answered_work
INNER JOIN total USING (trace_id)
INNER JOIN trace USING (trace_id)
GROUP BY answered_work.trace_id, answered_work.entry
UNION ALL
SELECT
  trace.trace_id,
  trace.name AS trace_name,
  NULL AS place,
  'work' AS question,
  FALSE AS answered,
  if(trace.format = 'ncu', 'counters only', 'neither kernels nor operators') AS answer,
  0 AS work_count,
  0 AS work_ns,
  NULL AS work_frac,
  0 AS trace_ns
FROM trace
ANTI JOIN total USING (trace_id)
ORDER BY trace_id, question, answered, answer
