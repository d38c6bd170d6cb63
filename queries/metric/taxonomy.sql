-- taxonomy: what each component consists of: parameters, attention sites, widths, FLOPs per call.
--
-- Why:     architectures differ in where they use attention and over how many positions. Read the
--          other answers next to this table.
-- Grain:   one row per (trace_id, component)
-- Inputs:  trace, work_sum, component_scale, attention_call
-- Key:     trace_name, component, parameter_count, call_flops, attention_sites, attention_kinds,
--          weight_reuse
-- Columns:
--   trace_id         trace.trace_id
--   trace_name       trace.name
--   model            trace.model
--   family           trace.family
--   component        see work_component
--   parameter_count  parameters the component uses, shared ones included; NULL without a manifest
--   full_call_count  calls in a whole request; NULL if the manifest does not say
--   call_flops       FLOPs of one call, or of everything profiled if calls are not labelled
--   call_count       labelled calls in the trace; NULL if the trace has no such labels
--   attention_sites  distinct attention modules; NULL if modules are unknown
--   attention_kinds  kinds of attention, joined by '+'; NULL without attention
--   query_lens       distinct query lengths, longest first; NULL without shapes
--   heads            distinct numbers of heads; NULL without shapes
--   head_dims        distinct head widths; NULL without shapes
--   weight_reuse     FLOPs of a request divided by parameter_count: how often a parameter is used
-- Never:   GROUP BY trace_id, component HAVING count(*) > 1
-- Plot:    Parameters of each model by component
WITH costed AS (
  SELECT
    trace_id,
    component,
    sum(flops) AS flops
  FROM work_sum
  GROUP BY trace_id, component
),

attended AS (
  SELECT
    trace_id,
    component,
    count(DISTINCT nullif(module, 'unattributed')) AS attention_sites,
    string_agg(DISTINCT attention_kind, '+' ORDER BY attention_kind) AS attention_kinds,
    list_reverse_sort(list_distinct(list(query_len))) AS query_lens,
    list_sort(list_distinct(list(heads))) AS heads,
    list_sort(list_distinct(list(head_dim))) AS head_dims
  FROM attention_call
  GROUP BY trace_id, component
),

described AS (
  SELECT
    trace_id,
    component,
    trace.name AS trace_name,
    trace.model,
    trace.family,
    try_cast(json_extract_string(
      trace.manifest -> 'parameters', '/' || replace(replace(component, '~', '~0'), '/', '~1')
    ) AS BIGINT) AS parameter_count,
    component_scale.full_call_count,
    component_scale.call_count,
    component_scale.request_scale,
    costed.flops
  FROM costed
  INNER JOIN component_scale USING (trace_id, component)
  INNER JOIN trace USING (trace_id)
)

SELECT
  trace_id,
  described.trace_name,
  described.model,
  described.family,
  component,
  described.parameter_count,
  described.full_call_count,
  try_cast(described.flops / coalesce(described.call_count, 1) AS BIGINT) AS call_flops,
  described.call_count,
  nullif(attended.attention_sites, 0) AS attention_sites,
  attended.attention_kinds,
  nullif(array_to_string(attended.query_lens, ' '), '') AS query_lens,
  nullif(array_to_string(attended.heads, ' '), '') AS heads,
  nullif(array_to_string(attended.head_dims, ' '), '') AS head_dims,
  described.flops * described.request_scale / nullif(described.parameter_count, 0) AS weight_reuse
FROM described
LEFT JOIN attended USING (trace_id, component)
WINDOW whole AS (PARTITION BY trace_id)
-- a trace of which nothing is known has no row
QUALIFY
  count(coalesce(described.parameter_count, described.call_count, described.flops)) OVER whole
  + count(attended.attention_kinds) OVER whole > 0
ORDER BY trace_id ASC, described.flops DESC, component ASC
