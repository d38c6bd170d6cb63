-- expectation: what a manifest expects, and what its trace holds (168 lines because of ten facts).
--
-- Why:     FLOPs, launches and waits follow from a workload's dimensions. If a trace holds others,
--          the capture is wrong, or the method is not the one that was meant.
-- Grain:   one row per (trace_id, fact, place) of the manifest's `expected`
-- Inputs:  trace, work, work_cost, work_component, work_phase, cpu_op, attention_call,
--          host_sync_call, dead_operator
-- Needs:   expected
-- Key:     trace_name, fact, place, expected, found, holds, origin
-- Columns:
--   trace_id    trace.trace_id
--   trace_name  trace.name
--   fact        'flops' | 'bytes' | 'operators' (device work of a dry run) | 'attention_calls' |
--               'attention_lengths' (different pairs of lengths) | 'attention_flops' (of the core)
--               | 'host_syncs' | 'convolution_weight_gradients' | 'dead_flops' |
--               'parameters_trained' | 'parameters_total'
--   place       component, or 'component/pass', as 'unet/backward'; NULL for the whole trace
--   expected    from the manifest
--   found       in the trace; NULL if it can't tell, as host_syncs on a CPU
--   holds       found is within the tolerance; NULL if found is
--   origin      where the number comes from: 'paper' | 'code' | 'derived' | 'assumed' | 'user'
--   tolerance   relative; 0 means exactly
-- Never:   WHERE (holds IS NULL) <> (found IS NULL)
WITH wanted AS (
  SELECT
    trace_id,
    predicted,
    manifest,
    unnest(try_cast(manifest -> 'expected' AS JSON[])) AS entry
  FROM trace
),

fact AS (
  SELECT
    trace_id,
    predicted,
    manifest,
    entry ->> 'fact' AS fact,
    entry ->> 'place' AS place,
    try_cast(entry ->> 'expected' AS DOUBLE) AS expected,
    entry ->> 'origin' AS origin,
    coalesce(try_cast(entry ->> 'tolerance' AS DOUBLE), 0) AS tolerance
  FROM wanted
),

grouped AS (
  SELECT
    work.trace_id,
    work.time_source,
    work_component.component,
    work_phase.pass,
    sum(work_cost.flops)::DOUBLE AS flops,
    sum(work_cost.bytes)::DOUBLE AS bytes,
    count(*)::DOUBLE AS operators
  FROM work
  SEMI JOIN wanted USING (trace_id)
  INNER JOIN work_component USING (trace_id, work_id)
  INNER JOIN work_phase USING (trace_id, work_id)
  INNER JOIN work_cost USING (trace_id, work_id)
  GROUP BY work.trace_id, work.time_source, work_component.component, work_phase.pass
),

host_trace AS (
  SELECT DISTINCT trace_id FROM grouped
  WHERE time_source = 'cpu'
),

summed AS (
  SELECT
    trace_id,
    place,
    sum(flops) AS flops,
    sum(bytes) AS bytes,
    sum(operators) AS operators
  FROM (
    SELECT *, unnest(['', component, component || '/' || pass]) AS place FROM grouped
  ) AS placed
  GROUP BY trace_id, place
),

attention AS (
  SELECT
    trace_id,
    place,
    count(*)::DOUBLE AS calls,
    count(DISTINCT concat_ws(' ', query_len, kv_len))::DOUBLE AS lengths,
    sum(core_flops)::DOUBLE AS flops
  FROM (SELECT *, unnest(['', component]) AS place FROM attention_call) AS placed
  GROUP BY trace_id, place
),

synced AS (
  SELECT trace_id, place, count(*)::DOUBLE AS host_syncs
  FROM (SELECT *, unnest(['', component]) AS place FROM host_sync_call) AS placed
  GROUP BY trace_id, place
),

dead AS (
  SELECT
    trace_id,
    sum(flops)::DOUBLE AS flops
  FROM dead_operator
  GROUP BY trace_id
),

convolved AS (
  SELECT
    trace_id,
    count(*)::DOUBLE AS weight_gradients
  FROM cpu_op
  SEMI JOIN wanted USING (trace_id)
  WHERE
    name = 'aten::convolution_backward'
    AND trim(lower(string_split(
      trim(try(json_extract_string(concrete_inputs, '$[10]')), '[]'), ','
    )[2])) IN ('true', '1')
  GROUP BY trace_id
),

-- what a trace doesn't have is 0, but only if it would show it
looked AS (
  SELECT
    fact.trace_id,
    fact.fact,
    fact.place,
    fact.expected,
    fact.origin,
    fact.tolerance,
    CASE fact.fact
      WHEN 'flops' THEN if(summed.place IS NULL, 0, summed.flops)
      WHEN 'bytes' THEN if(summed.place IS NULL, 0, summed.bytes)
      WHEN 'operators' THEN if(fact.predicted, coalesce(summed.operators, 0), NULL)
      WHEN 'attention_calls' THEN coalesce(attention.calls, 0)
      WHEN 'attention_lengths' THEN coalesce(attention.lengths, 0)
      WHEN 'attention_flops' THEN if(attention.place IS NULL, 0, attention.flops)
      WHEN 'host_syncs'
        THEN if(host_trace.trace_id IS NULL, coalesce(synced.host_syncs, 0), NULL)
      WHEN 'convolution_weight_gradients' THEN coalesce(convolved.weight_gradients, 0)
      WHEN 'dead_flops'
        THEN if((fact.manifest -> 'dead_work') IS NULL, NULL, coalesce(dead.flops, 0))
      WHEN 'parameters_trained' THEN try_cast(fact.manifest ->> 'parameters_trained' AS DOUBLE)
      WHEN 'parameters_total' THEN try_cast(fact.manifest ->> 'parameters_total' AS DOUBLE)
    END AS found
  FROM fact
  LEFT JOIN host_trace USING (trace_id)
  LEFT JOIN summed
    ON fact.trace_id = summed.trace_id AND coalesce(fact.place, '') = summed.place
  LEFT JOIN attention
    ON fact.trace_id = attention.trace_id AND coalesce(fact.place, '') = attention.place
  LEFT JOIN synced
    ON fact.trace_id = synced.trace_id AND coalesce(fact.place, '') = synced.place
  LEFT JOIN dead ON fact.trace_id = dead.trace_id
  LEFT JOIN convolved ON fact.trace_id = convolved.trace_id
)

SELECT
  looked.trace_id,
  trace.name AS trace_name,
  looked.fact,
  looked.place,
  looked.expected,
  looked.found,
  abs(looked.found - looked.expected) <= looked.tolerance * abs(looked.expected) AS holds,
  looked.origin,
  looked.tolerance
FROM looked
INNER JOIN trace USING (trace_id)
WHERE looked.expected IS NOT NULL
ORDER BY looked.trace_id ASC, holds ASC, looked.fact ASC, looked.place ASC
