-- gpu_counter_use: how busy SMs, memory and tensor cores were, by component and kind of attention.
--
-- Why:     counters sampled in the run measure what a roofline only estimates. A sample covers a
--          millisecond or so of the whole GPU, pauses included, so kernels_frac says how much of it
--          kernels ran; kernels of different components within one sample share its value.
-- Grain:   one row per (trace_id, component, attention_kind, counter)
-- Inputs:  trace, counter_time, gpu_counter_rule
-- Needs:   gpu_counter
-- Key:     trace_name, component, attention_kind, measure, use_frac, kernels_frac, sampled_frac
-- Columns:
--   trace_id        trace.trace_id
--   trace_name      trace.name
--   component       see work_component; 'unattributed' if no range covers the work
--   attention_kind  see attention_call; 'none' for work outside attention
--   measure         'sm' (a multiprocessor holds work) | 'dram' (of the peak bandwidth) |
--                   'tensor_core'
--   counter         see gpu_counter
--   work_ns         ns, sum of the kernels' durations; concurrent work counts twice
--   sampled_frac    0..1 of work_ns that lies in samples; NULL if work_ns is 0
--   use_frac        share of the peak, weighed by the time that kernels and samples share; NULL if
--                   no sample covers any
--   kernels_frac    0..1 of the samples' time in which a kernel ran, weighed in the same way
-- Never:   WHERE sampled_frac > 1 OR use_frac < 0
-- Plot:    How busy SMs, memory and tensor cores were
WITH known AS (
  SELECT
    counter,
    arg_min(gpu_counter_rule.measure, gpu_counter_rule.rule_order) AS measure
  FROM (SELECT DISTINCT counter FROM counter_time) AS named
  INNER JOIN gpu_counter_rule ON regexp_matches(named.counter, gpu_counter_rule.pattern)
  GROUP BY counter
)

SELECT
  trace_id,
  trace.name AS trace_name,
  counter_time.component,
  counter_time.attention_kind,
  known.measure,
  counter,
  counter_time.work_ns,
  counter_time.sampled_ns / nullif(counter_time.work_ns, 0) AS sampled_frac,
  counter_time.value_ns / 100 / nullif(counter_time.sampled_ns, 0) AS use_frac,
  counter_time.busy_ns / nullif(counter_time.sampled_ns, 0) AS kernels_frac
FROM counter_time
INNER JOIN known USING (counter)
INNER JOIN trace USING (trace_id)
ORDER BY
  trace_id ASC, counter_time.work_ns DESC, counter_time.component ASC,
  counter_time.attention_kind ASC, known.measure ASC, counter ASC
