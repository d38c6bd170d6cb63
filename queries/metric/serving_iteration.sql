-- serving_iteration: each iteration of a serving engine (182 lines because of its many columns).
--
-- Why:     the host may be done long before the device, and a decode step is bound by other things
--          than a prefill. A trace has no request ids, so the latency of a request is unknown.
-- Grain:   one row per (trace_id, iteration), a range of serving_label; rows of different sources
--          nest and must not be added up
-- Inputs:  trace, annotation, serving_label, kernel, gpu_copy, kernel_launch, copy_call,
--          runtime_call, call_kind, interval_union
-- Needs:   serving
-- Key:     trace_name, iteration, phase, context_token_count, generation_token_count,
--          gpu_busy_ns, interval_ns, tokens_per_s
-- Columns:
--   trace_id                  trace.trace_id
--   trace_name                trace.name
--   iteration                 place in order of start, from 0
--   label                     annotation.name
--   source                    see serving_label
--   phase                     'prefill' | 'decode' | 'mixed'
--   context_request_count     see serving_label
--   context_token_count       see serving_label
--   context_kv_count          see serving_label
--   generation_request_count  see serving_label
--   generation_token_count    see serving_label
--   generation_kv_count       see serving_label
--   start_ns                  ns from the trace's base
--   host_ns                   ns, length of the range on the host
--   kernel_count              kernels whose call starts in the range, on any thread
--   copy_count                copies and fills of such calls
--   graph_kernel_count        kernels of graph launches among them
--   kernel_ns                 ns, sum of their durations
--   gpu_busy_ns               ns in which any of these kernels and copies ran
--   device_span_ns            ns from their first start to their last end; NULL without any
--   done_after_label_ns       ns from the range's start to their last end; NULL without any
--   kernels_outside_count     kernels of the trace that belong to no iteration of this source
--   interval_ns               ns from the start of the iteration before, if both are decode
--                             iterations of one source: the time of a token; else NULL
--   tokens_per_s              tokens per second of done_after_label_ns
-- Never:   WHERE gpu_busy_ns > device_span_ns OR graph_kernel_count > kernel_count
-- Plot:    Iterations of a serving engine
WITH iteration AS (
  SELECT
    trace_id,
    serving_label.* EXCLUDE (trace_id, name),
    name,
    annotation.start_ns,
    annotation.dur_ns,
    row_number() OVER (PARTITION BY trace_id ORDER BY annotation.start_ns, -annotation.dur_ns) - 1
      AS iteration,
    CASE
      WHEN generation_request_count = 0 THEN 'prefill'
      WHEN context_request_count = 0 THEN 'decode'
      ELSE 'mixed'
    END AS phase
  FROM annotation
  INNER JOIN serving_label USING (trace_id, name)
  WHERE annotation.kind = 'user'
),

serving AS (
  SELECT DISTINCT trace_id, source FROM iteration
),

-- without iterations, no call and no kernel is read
any_iteration AS MATERIALIZED (
  SELECT 1 AS is_there FROM iteration
  LIMIT 1
),

called AS (
  SELECT
    trace_id,
    call.call_id,
    call.start_ns,
    serving.source,
    coalesce(call_kind.kind = 'launch_graph', FALSE) AS is_graph
  FROM (FROM runtime_call CROSS JOIN any_iteration) AS call
  INNER JOIN serving USING (trace_id)
  LEFT JOIN call_kind USING (trace_id, name)
),

within AS (
  SELECT called.trace_id, called.call_id, called.is_graph, iteration.iteration AS track
  FROM called
  ASOF INNER JOIN iteration
    ON
      called.trace_id = iteration.trace_id
      AND called.source = iteration.source
      AND called.start_ns >= iteration.start_ns
  WHERE called.start_ns < iteration.start_ns + iteration.dur_ns
),

event AS (
  SELECT trace_id, launch.call_id, kernel_id, NULL::BIGINT AS copy_id, start_ns, dur_ns
  FROM (FROM kernel CROSS JOIN any_iteration) AS kernel
  INNER JOIN (FROM kernel_launch CROSS JOIN any_iteration) AS launch
    USING (trace_id, kernel_id)
  UNION ALL BY NAME
  SELECT trace_id, copy_call.call_id, copy_id, start_ns, dur_ns
  FROM (FROM gpu_copy CROSS JOIN any_iteration) AS gpu_copy
  INNER JOIN copy_call USING (trace_id, copy_id)
),

asked AS (
  SELECT
    trace_id,
    within.track,
    within.is_graph,
    event.kernel_id,
    event.copy_id,
    event.start_ns,
    event.start_ns + event.dur_ns AS end_ns
  FROM event
  INNER JOIN within USING (trace_id, call_id)
),

busy AS (
  SELECT
    trace_id,
    track,
    sum(end_ns - start_ns) AS busy_ns
  FROM interval_union('asked')
  GROUP BY trace_id, track
),

summed AS (
  SELECT
    trace_id,
    track,
    count(kernel_id) AS kernel_count,
    count(copy_id) AS copy_count,
    count(kernel_id) FILTER (WHERE is_graph) AS graph_kernel_count,
    sum(end_ns - start_ns) FILTER (WHERE kernel_id IS NOT NULL) AS kernel_ns,
    min(start_ns) AS first_ns,
    max(end_ns) AS last_ns
  FROM asked
  GROUP BY trace_id, track
),

total AS (
  SELECT trace_id, count(*) AS kernel_count FROM kernel
  GROUP BY trace_id
)

SELECT
  iteration.trace_id,
  trace.name AS trace_name,
  iteration.iteration,
  iteration.name AS label,
  iteration.source,
  iteration.phase,
  iteration.context_request_count,
  iteration.context_token_count,
  iteration.context_kv_count,
  iteration.generation_request_count,
  iteration.generation_token_count,
  iteration.generation_kv_count,
  iteration.start_ns,
  iteration.dur_ns AS host_ns,
  coalesce(summed.kernel_count, 0) AS kernel_count,
  coalesce(summed.copy_count, 0) AS copy_count,
  coalesce(summed.graph_kernel_count, 0) AS graph_kernel_count,
  cast(coalesce(summed.kernel_ns, 0) AS BIGINT) AS kernel_ns,
  cast(coalesce(busy.busy_ns, 0) AS BIGINT) AS gpu_busy_ns,
  summed.last_ns - summed.first_ns AS device_span_ns,
  summed.last_ns - iteration.start_ns AS done_after_label_ns,
  coalesce(total.kernel_count, 0)
  - cast(sum(coalesce(summed.kernel_count, 0)) OVER of_source AS BIGINT) AS kernels_outside_count,
  CASE
    WHEN iteration.phase = 'decode' AND lag(iteration.phase) OVER in_order = 'decode'
      THEN iteration.start_ns - lag(iteration.start_ns) OVER in_order
  END AS interval_ns,
  1e9 * (iteration.context_token_count + iteration.generation_token_count)
  / nullif(done_after_label_ns, 0) AS tokens_per_s
FROM iteration
INNER JOIN trace ON iteration.trace_id = trace.trace_id
LEFT JOIN total ON iteration.trace_id = total.trace_id
LEFT JOIN summed ON iteration.trace_id = summed.trace_id AND iteration.iteration = summed.track
LEFT JOIN busy ON iteration.trace_id = busy.trace_id AND iteration.iteration = busy.track
WINDOW
  of_source AS (PARTITION BY iteration.trace_id, iteration.source),
  in_order AS (of_source ORDER BY iteration.start_ns)
ORDER BY iteration.trace_id, iteration.iteration
