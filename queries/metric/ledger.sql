-- ledger: for how much of the work each question is answered.
--
-- Why:     every share in the other answers depends on these links, so this lists what is missing.
-- Grain:   one row per (trace_id, question, answer)
-- Inputs:  trace, work_group
-- Key:     trace_name, question, answered, answer, work_count, work_ns, work_frac
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   time_source      'gpu' | 'cpu' | 'predicted': where the time is from; NULL without work
--   time_low_ratio   see trace: true times are expected to be this times the ones shown, or more
--   time_high_ratio  and this times them, or less; both NULL if measured
--   question         'operator' | 'category' | 'component' | 'step' | 'module' | 'attention' |
--                    'cost'; only 'work' for a trace without work
--   answered         false if the answer is unknown: unlinked, unclassified or unattributed
--   answer           how it is known, or the word for unknown
--   work_count       work items
--   work_ns          ns, sum of durations
--   work_frac        0..1 of the trace's work_ns; NULL without work
--   trace_ns         ns, sum over all work of the trace; the work_ns of each question add up to it
-- Never:   GROUP BY trace_id, question HAVING sum(work_ns) <> any_value(trace_ns)
-- Plot:    How much of the time the trace can explain
WITH answer AS (
  SELECT
    trace_id,
    time_source,
    work_count,
    work_ns,
    unnest(['operator', 'category', 'component', 'step', 'module', 'attention', 'cost'])
      AS question,
    unnest([
      has_operator,
      category <> 'unclassified',
      component <> 'unattributed',
      step_source <> 'none',
      module <> 'unattributed',
      -- products of two activations, softmax without an operator and unknown work can be attention
      role <> 'none' OR (
        category <> 'unclassified' AND op_name NOT IN ('aten::bmm', 'aten::baddbmm')
        AND (has_operator OR category <> 'softmax')
      ),
      has_cost
    ]) AS answered,
    unnest([
      op_source,
      category_source,
      component_source,
      step_source,
      module_source,
      role,
      'shapes'
    ]) AS source,
    CASE
      WHEN answered OR question = 'operator' THEN source
      WHEN question = 'category' THEN 'unclassified'
      WHEN question = 'cost' THEN 'unknown'
      ELSE 'unattributed'
    END AS answer
  FROM work_group
),

answered_work AS (
  SELECT
    trace_id,
    question,
    answered,
    answer,
    any_value(time_source) AS time_source,
    sum(work_count)::BIGINT AS work_count,
    sum(work_ns) AS work_ns
  FROM answer
  GROUP BY trace_id, question, answered, answer
),

total AS (
  SELECT trace_id, sum(work_ns) AS trace_ns
  FROM work_group
  GROUP BY trace_id
)

SELECT
  answered_work.trace_id,
  trace.name AS trace_name,
  answered_work.time_source,
  trace.time_low_ratio,
  trace.time_high_ratio,
  answered_work.question,
  answered_work.answered,
  answered_work.answer,
  answered_work.work_count,
  try_cast(answered_work.work_ns AS BIGINT) AS work_ns,
  answered_work.work_ns / nullif(total.trace_ns, 0) AS work_frac,
  try_cast(total.trace_ns AS BIGINT) AS trace_ns
FROM answered_work
INNER JOIN total USING (trace_id)
INNER JOIN trace USING (trace_id)
UNION ALL
SELECT
  trace.trace_id, trace.name AS trace_name,
  NULL AS time_source, NULL AS time_low_ratio, NULL AS time_high_ratio,
  'work' AS question, FALSE AS answered,
  CASE trace.format
    WHEN 'ncu' THEN 'counters only'
    WHEN 'memory_snapshot' THEN 'memory only'
    ELSE 'neither kernels nor operators'
  END AS answer,
  0 AS work_count, 0 AS work_ns,
  NULL AS work_frac,
  0 AS trace_ns
FROM trace
ANTI JOIN total USING (trace_id)
ORDER BY trace_id, question, answered, answer
