-- kineto_op_overlap: operators that begin in another one of their thread and end after it.
--
-- Why:     such operators have no parent; to find them takes a pass over all operators.
-- Grain:   one row per such operator
-- Inputs:  cpu_op_row, cpu_op_text
-- Columns:
--   op_id    cpu_op.op_id
--   text_id  cpu_op_text.text_id
WITH thread AS (
  SELECT
    text_id,
    dense_rank() OVER (ORDER BY process_id, thread_id) AS thread_number
  FROM cpu_op_text
),

-- sort numbers only: process, thread and name would each cost more than all the numbers together
nested AS (
  SELECT
    op.op_id,
    op.text_id,
    op.start_ns,
    op.start_ns + op.dur_ns AS end_ns,
    -- op_id is in order of start, outer operators first
    max(op.start_ns + op.dur_ns) OVER (
      PARTITION BY thread.thread_number ORDER BY op.op_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS outer_end_ns
  FROM cpu_op_row AS op
  INNER JOIN thread ON op.text_id = thread.text_id
)

SELECT
  op_id,
  text_id
FROM nested
WHERE start_ns < outer_end_ns AND outer_end_ns < end_ns
