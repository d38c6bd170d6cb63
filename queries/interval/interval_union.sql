-- interval_union(source): ranges merged where they touch or overlap.
--
-- Why:     in a sum, concurrent work counts twice; the union is the time in which any of it ran. It
--          is for your queries and for the other interval macros. gpu_time and stage_time need only
--          the total, which one window gives in about a tenth of the time.
-- Grain:   one row per merged range of (trace_id, track); `source`: trace_id, track, start_ns,
--          end_ns
-- Inputs:  interval_stretch
-- Columns:
--   trace_id  trace.trace_id
--   track     as given
--   start_ns  ns
--   end_ns    ns
SELECT
  trace_id,
  track,
  start_ns,
  end_ns
FROM interval_stretch(source)
