-- call_kind: what the calls of a name do to the host.
--
-- Why:     a trace has few names and millions of calls, so each name is matched once.
-- Grain:   one row per (trace_id, name) of runtime_call that a rule matches
-- Inputs:  runtime_call, call_rule
-- From:    runtime_call
-- Columns:
--   trace_id  trace.trace_id
--   name      runtime_call.name
--   kind      see call_rule
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH found AS (
  SELECT DISTINCT trace_id, name FROM runtime_call
)

SELECT
  found.trace_id,
  found.name,
  min(call_rule.kind) AS kind
FROM found
INNER JOIN call_rule ON regexp_matches(found.name, call_rule.pattern)
GROUP BY found.trace_id, found.name
