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
WITH alike AS (
  SELECT
    trace_id,
    work.place,
    work_op.op_id IS NOT NULL AS has_op,
    work_op.link,
    work_class.category = 'unclassified' AS is_unclassified,
    work_class.source AS class_source,
    work_component.component = 'unattributed' AS lacks_component,
    work_component.source AS component_source,
    work_step.step IS NULL AS lacks_step,
    work_step.source AS step_source,
    work_module.module = 'unattributed' AS lacks_module,
    work_module.source AS module_source,
    work_attention.role,
    work_cost.flops IS NOT NULL AS has_cost,
    count(*) AS work_count,
    sum(work.dur_ns) AS work_ns
  FROM work
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN work_class USING (trace_id, work_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_step USING (trace_id, work_id)
  INNER JOIN work_module USING (trace_id, work_id)
  INNER JOIN work_attention USING (trace_id, work_id)
  INNER JOIN work_cost USING (trace_id, work_id)
  GROUP BY ALL
),

answered_work AS (
  SELECT
    trace_id, place, work_count, work_ns,
    unnest([
      { question: 'operator', answered: has_op, answer: link },
      {
        question: 'class',
        answered: NOT is_unclassified,
        answer: if(is_unclassified, 'unclassified', class_source)
      },
      {
        question: 'component',
        answered: NOT lacks_component,
        answer: if(lacks_component, 'unattributed', component_source)
      },
      {
        question: 'step',
        answered: NOT lacks_step,
        answer: if(lacks_step, 'unattributed', step_source)
      },
      {
        question: 'module',
        answered: NOT lacks_module,
        answer: if(lacks_module, 'unattributed', module_source)
      },
      { question: 'attention', answered: TRUE, answer: role },
      { question: 'cost', answered: has_cost, answer: if(has_cost, 'shapes', 'unknown') }
    ]) AS entry
  FROM alike
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
  cast(sum(answered_work.work_count) AS BIGINT) AS work_count,
  cast(sum(answered_work.work_ns) AS BIGINT) AS work_ns,
  sum(answered_work.work_ns) / nullif(any_value(total.trace_ns), 0) AS work_frac,
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
