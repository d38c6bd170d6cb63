-- gpu_overlap: how much communication and copying each device hides behind computing.
--
-- Why:     time when a device only communicates or only copies can be hidden behind computing.
--          A kernel that communicates also waits for other ranks: its time is not transfer time.
-- Grain:   one row per (trace_id, device_id) with kernels or copies
-- Inputs:  trace, time_refusal, device_layer, device_overlap
-- Needs:   kernel, complete, one_clock, timed
-- Key:     trace_name, device_id, compute_ns, exposed_comm_ns, exposed_copy_ns, overlap_frac
-- Columns:
--   trace_id              trace.trace_id
--   trace_name            trace.name
--   device_id             device.device_id
--   gpu_span_ns           see idle_time; this and all times below are NULL if refused
--   gpu_busy_ns           see idle_time; the sum of the seven times from only_compute_ns on
--   gpu_idle_ns           see idle_time
--   compute_ns            ns in which a kernel ran that does not communicate
--   comm_ns               ns in which a kernel ran whose name has the category communication
--   copy_ns               ns in which a copy or fill ran
--   only_compute_ns       ns in which nothing but computing ran
--   only_comm_ns          ns
--   only_copy_ns          ns
--   compute_comm_ns       ns in which computing and communication ran, and no copy
--   compute_copy_ns       ns
--   comm_copy_ns          ns
--   compute_comm_copy_ns  ns in which all three ran
--   overlapped_comm_ns    ns of comm_ns in which computing ran too
--   exposed_comm_ns       ns of comm_ns in which no computing ran
--   exposed_copy_ns       ns of copy_ns in which nothing else ran
--   overlap_frac          0..1, overlapped_comm_ns by comm_ns; NULL without communication
--   comm_sum_ns           ns, sum of the durations of kernels that communicate
--   comm_kernel_count     kernels that communicate
--   overlap_refusal       why the times are unknown; NULL if they are known
-- Never:   WHERE compute_ns + exposed_comm_ns + exposed_copy_ns <> gpu_busy_ns
--          OR overlapped_comm_ns + exposed_comm_ns <> comm_ns OR gpu_idle_ns < 0
-- Plot:    Communication and copies, hidden and exposed
WITH spanned AS (
  SELECT
    trace_id,
    device_id,
    max(end_ns) - min(start_ns) AS span_ns,
    cast(coalesce(sum(sum_ns) FILTER (WHERE layer = 1), 0) AS BIGINT) AS comm_sum_ns,
    cast(coalesce(sum(event_count) FILTER (WHERE layer = 1), 0) AS BIGINT) AS comm_kernel_count
  FROM device_layer
  GROUP BY trace_id, device_id
),

-- computing 1, communication 2, copies and fills 4
combined AS (
  SELECT
    trace_id,
    device_id,
    open_ns,
    (layers & 3) + if(layers > 3, 4, 0) AS what
  FROM device_overlap
),

cell AS (
  SELECT
    trace_id,
    device_id,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 1), 0) AS BIGINT) AS only_compute,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 2), 0) AS BIGINT) AS only_comm,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 4), 0) AS BIGINT) AS only_copy,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 3), 0) AS BIGINT) AS compute_comm,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 5), 0) AS BIGINT) AS compute_copy,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 6), 0) AS BIGINT) AS comm_copy,
    cast(coalesce(sum(open_ns) FILTER (WHERE what = 7), 0) AS BIGINT) AS all_three
  FROM combined
  GROUP BY trace_id, device_id
),

judged AS (
  SELECT
    trace_id,
    device_id,
    spanned.comm_sum_ns,
    spanned.comm_kernel_count,
    if(time_refusal.refusal IS NULL, spanned.span_ns, NULL) AS span_ns,
    if(refusal IS NULL, coalesce(COLUMNS(cell.* EXCLUDE (trace_id, device_id)), 0), NULL),
    time_refusal.refusal
  FROM spanned
  INNER JOIN time_refusal USING (trace_id)
  LEFT JOIN cell USING (trace_id, device_id)
)

SELECT
  trace_id,
  trace.name AS trace_name,
  judged.device_id,
  judged.span_ns AS gpu_span_ns,
  judged.only_compute + judged.only_comm + judged.only_copy + judged.compute_comm
  + judged.compute_copy + judged.comm_copy + judged.all_three AS gpu_busy_ns,
  judged.span_ns - gpu_busy_ns AS gpu_idle_ns,
  judged.only_compute + judged.compute_comm + judged.compute_copy + judged.all_three AS compute_ns,
  judged.only_comm + judged.compute_comm + judged.comm_copy + judged.all_three AS comm_ns,
  judged.only_copy + judged.compute_copy + judged.comm_copy + judged.all_three AS copy_ns,
  judged.only_compute AS only_compute_ns,
  judged.only_comm AS only_comm_ns,
  judged.only_copy AS only_copy_ns,
  judged.compute_comm AS compute_comm_ns,
  judged.compute_copy AS compute_copy_ns,
  judged.comm_copy AS comm_copy_ns,
  judged.all_three AS compute_comm_copy_ns,
  judged.compute_comm + judged.all_three AS overlapped_comm_ns,
  judged.only_comm + judged.comm_copy AS exposed_comm_ns,
  judged.only_copy AS exposed_copy_ns,
  overlapped_comm_ns / nullif(comm_ns, 0) AS overlap_frac,
  judged.comm_sum_ns,
  judged.comm_kernel_count,
  judged.refusal AS overlap_refusal
FROM judged
INNER JOIN trace USING (trace_id)
ORDER BY trace_id, device_id
