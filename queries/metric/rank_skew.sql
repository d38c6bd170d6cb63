-- rank_skew: how long each rank of a job waited for the others in its collectives.
--
-- Why:     most of the time of a collective can be waiting. The rank that waits least is the one
--          that the others wait for.
-- Grain:   one row per trace of a job with several ranks
-- Inputs:  trace, rank_collective, rank_busy
-- Merge:   trace, communication, rank_busy
-- Needs:   kernel
-- Key:     trace_name, rank, collective_count, wait_ns, transfer_ns, straggler_count, compute_ns
-- Columns:
--   trace_id          trace.trace_id
--   trace_name        trace.name
--   job               see rank_collective
--   rank              trace.rank
--   collective_count  collectives
--   comm_ns           ns, sum of their durations on this rank
--   wait_ns           ns of it in which the rank waited for others; NULL if refused
--   transfer_ns       ns, the rest; NULL if refused
--   straggler_count   collectives for which this rank was the last; NULL if refused
--   compute_ns        ns in which other kernels ran
--   gpu_busy_ns       ns in which any kernel or copy ran
--   clock_offset_ns   see rank_collective
--   skew_refusal      why the waits are unknown; NULL if they are known
-- Never:   WHERE wait_ns + transfer_ns <> comm_ns OR compute_ns > gpu_busy_ns
-- Plot:    How long each rank waits for the others
WITH summed AS (
  SELECT
    trace_id,
    job,
    rank,
    count(*) AS collective_count,
    sum(dur_ns) AS comm_ns,
    sum(wait_ns) AS wait_ns,
    sum(transfer_ns) AS transfer_ns,
    count(*) FILTER (WHERE straggler_rank = rank) AS straggler_count,
    any_value(clock_offset_ns) AS clock_offset_ns,
    any_value(refusal) AS refusal
  FROM rank_collective
  GROUP BY trace_id, job, rank
)

SELECT
  trace_id,
  trace.name AS trace_name,
  summed.job,
  summed.rank,
  summed.collective_count,
  cast(summed.comm_ns AS BIGINT) AS comm_ns,
  cast(summed.wait_ns AS BIGINT) AS wait_ns,
  cast(summed.transfer_ns AS BIGINT) AS transfer_ns,
  if(summed.refusal IS NULL, summed.straggler_count, NULL) AS straggler_count,
  coalesce(rank_busy.compute_ns, 0) AS compute_ns,
  coalesce(rank_busy.busy_ns, 0) AS gpu_busy_ns,
  summed.clock_offset_ns,
  summed.refusal AS skew_refusal
FROM summed
INNER JOIN trace USING (trace_id)
LEFT JOIN rank_busy USING (trace_id)
ORDER BY summed.job, summed.rank, trace_id
