-- timeline_counter: what a trace counts over time: memory in use, launches that wait, GPU counters.
--
-- Why:     an empty queue starves a device, and memory says what a step keeps.
-- Grain:   one row per change
-- Inputs:  memory_event, kernel_launch, runtime_call, kernel, gpu_counter
-- Params:
--   of_trace BIGINT = 1  trace.trace_id
-- Columns:
--   trace_id   trace.trace_id
--   counter    'memory' (bytes allocated) | 'queue' (launches whose first kernel hasn't started) |
--              gpu_counter.counter
--   device_id  device.device_id; -1 for host memory
--   ts_ns      ns from the trace's base
--   next_ns    ns, the next change; the largest integer for the last one
--   value      from then on
WITH launched AS (
  SELECT
    kernel.device_id,
    launch.call_id,
    min(kernel.start_ns) AS started_ns
  FROM kernel_launch AS launch
  INNER JOIN kernel USING (trace_id, kernel_id)
  WHERE launch.trace_id = of_trace AND launch.call_id IS NOT NULL
  GROUP BY kernel.device_id, launch.call_id
),

waiting AS MATERIALIZED (
  SELECT
    launched.device_id,
    launched.started_ns,
    call.start_ns AS called_ns
  FROM launched
  INNER JOIN runtime_call AS call
    ON call.trace_id = of_trace AND launched.call_id = call.call_id
  -- of clocks that disagree, nothing can be counted
  WHERE call.start_ns <= launched.started_ns
),

changed AS (
  SELECT
    device_id,
    called_ns AS ts_ns,
    1 AS change
  FROM waiting
  UNION ALL
  SELECT
    device_id,
    started_ns AS ts_ns,
    -1 AS change
  FROM waiting
),

counted AS (
  SELECT
    'memory' AS counter,
    device_id,
    ts_ns,
    0 AS change,
    allocated_bytes AS value
  FROM memory_event
  WHERE trace_id = of_trace AND allocated_bytes IS NOT NULL
  UNION ALL
  SELECT
    'queue' AS counter,
    device_id,
    ts_ns,
    change,
    cast(
      sum(change) OVER (PARTITION BY device_id ORDER BY ts_ns, change ROWS UNBOUNDED PRECEDING)
      AS BIGINT
    ) AS value
  FROM changed
  UNION ALL
  SELECT
    counter,
    device_id,
    start_ns AS ts_ns,
    0 AS change,
    value
  FROM gpu_counter
  WHERE trace_id = of_trace
)

SELECT
  of_trace AS trace_id,
  counter,
  device_id,
  ts_ns,
  lead(ts_ns, 1, 9223372036854775807) OVER (
    PARTITION BY counter, device_id ORDER BY ts_ns, change
  ) AS next_ns,
  value
FROM counted
ORDER BY ts_ns
