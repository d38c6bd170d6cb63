-- Predicted over measured time of forward and backward operators, by category, of every trace in a study with kernels and shapes.
--
--     genscope sql "$(cat bench/backward.sql)" --db study.duckdb
--
-- Kernels whose operator has no prediction are in all_ms only. See docs/prediction.md for what public traces give.
WITH op AS (
  SELECT
    work.trace_id,
    work_phase.pass,
    work_category.category,
    if(coalesce(cost_root.has_cost, FALSE), cost_root.cost_op_id, work_op.op_id) AS op_id,
    sum(work.dur_ns)::BIGINT AS work_ns
  FROM work
  INNER JOIN work_phase USING (trace_id, work_id)
  INNER JOIN work_category USING (trace_id, work_id)
  LEFT JOIN work_op USING (trace_id, work_id)
  LEFT JOIN cost_root
    ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  WHERE work.time_source = 'gpu'
  GROUP BY ALL
)

SELECT
  trace.name AS trace_name,
  op.pass,
  coalesce(op.category, 'all') AS category,
  round(sum(op.work_ns) / 1e6, 2) AS all_ms,
  round(sum(op.work_ns) FILTER (expected.expected_ns IS NOT NULL) / 1e6, 2) AS measured_ms,
  round(sum(expected.expected_ns) / 1e6, 2) AS predicted_ms,
  round(
    sum(expected.expected_ns)
    / sum(op.work_ns) FILTER (expected.expected_ns IS NOT NULL), 2
  ) AS ratio
FROM op
INNER JOIN trace USING (trace_id)
LEFT JOIN cpu_op USING (trace_id, op_id)
LEFT JOIN expected_call AS expected
  ON op.trace_id = expected.trace_id AND cpu_op.signature_id = expected.signature_id
GROUP BY GROUPING SETS ((trace.name, op.pass), (trace.name, op.pass, op.category))
HAVING measured_ms > 0
ORDER BY trace_name ASC, op.pass ASC, measured_ms DESC
