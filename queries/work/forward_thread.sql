-- forward_thread: the thread whose forward operators a backward operator's numbers refer to.
--
-- Why:     each thread numbers its operators from 0, so two threads use equal numbers: a replica's,
--          or autograd's own while it recomputes a checkpoint. A backward operator carries its
--          forward thread's number as autograd counts threads, which is not the system's. It is
--          the thread that shares most numbers with operators of fitting names, and has fewest
--          others; of equal threads, autograd counts them in the order in which they start.
-- Grain:   one row per (trace_id, process_id, forward_thread_id) that can be placed
-- Inputs:  cpu_op
-- From:    cpu_op WHERE forward_thread_id > 0
-- Columns:
--   trace_id           trace.trace_id
--   process_id         process, as text
--   forward_thread_id  cpu_op.forward_thread_id of backward operators
--   thread_id          thread of the forward operators, as text
WITH numbered AS (
  SELECT
    trace_id,
    process_id,
    thread_id,
    coalesce(forward_thread_id, 0) AS forward_thread_id,
    sequence_number,
    start_ns,
    -- 'autograd::engine::evaluate_function: AddmmBackward0' and 'aten::addmm' are both 'addmm'
    split_part(replace(lower(split_part(name, '::', -1)), '_', ''), 'backward', 1) AS word
  FROM cpu_op
  WHERE sequence_number >= 0
),

backward AS (
  SELECT
    trace_id,
    process_id,
    forward_thread_id,
    sequence_number,
    max(split_part(word, ': ', -1)) AS word
  FROM numbered
  WHERE forward_thread_id > 0
  GROUP BY ALL
),

forward AS (
  SELECT
    trace_id,
    process_id,
    thread_id,
    sequence_number,
    list(DISTINCT word) AS words
  FROM numbered
  WHERE forward_thread_id = 0
  GROUP BY ALL
),

thread AS (
  SELECT
    trace_id,
    process_id,
    thread_id,
    count(DISTINCT sequence_number) AS number_count,
    dense_rank() OVER (PARTITION BY trace_id, process_id ORDER BY min(start_ns), thread_id) AS place
  FROM numbered
  WHERE forward_thread_id = 0
  GROUP BY trace_id, process_id, thread_id
),

backward_thread AS (
  SELECT
    trace_id,
    process_id,
    forward_thread_id,
    dense_rank() OVER (PARTITION BY trace_id, process_id ORDER BY forward_thread_id) AS place
  FROM backward
  GROUP BY trace_id, process_id, forward_thread_id
),

shared AS (
  SELECT
    backward.trace_id,
    backward.process_id,
    backward.forward_thread_id,
    forward.thread_id,
    count(*) FILTER (list_contains(forward.words, backward.word)) AS fitting_count,
    count(*) AS shared_count
  FROM backward
  INNER JOIN forward USING (trace_id, process_id, sequence_number)
  GROUP BY ALL
)

SELECT
  shared.trace_id,
  shared.process_id,
  shared.forward_thread_id,
  arg_max(
    shared.thread_id,
    (
      shared.fitting_count,
      shared.shared_count,
      -thread.number_count,
      -abs(thread.place::BIGINT - backward_thread.place::BIGINT),
      -thread.place::BIGINT
    )
  ) AS thread_id
FROM shared
INNER JOIN thread USING (trace_id, process_id, thread_id)
INNER JOIN backward_thread USING (trace_id, process_id, forward_thread_id)
GROUP BY shared.trace_id, shared.process_id, shared.forward_thread_id
