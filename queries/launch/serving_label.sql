-- serving_label: what the label of a serving iteration says: how many requests and tokens.
--
-- Why:     vLLM and SGLang write the size of each iteration into the name of a range. Prefill and
--          decode need different kernels.
-- Grain:   one row per (trace_id, name) of annotation that is such a label
-- Inputs:  annotation
-- Kept:    view
-- Columns:
--   trace_id                  trace.trace_id
--   name                      annotation.name
--   source                    'execute' (vLLM's, which SGLang writes too) | 'step' (SGLang's); they
--                             nest, so they must not be added up
--   context_request_count     requests in prefill
--   context_token_count       their new tokens
--   context_kv_count          tokens that these attend to; NULL if the label has no such number
--   generation_request_count  requests in decode
--   generation_token_count    their new tokens
--   generation_kv_count       tokens that these attend to; NULL if the label has no such number
-- Never:   GROUP BY trace_id, name HAVING count(*) > 1
WITH label AS (
  SELECT DISTINCT trace_id, name
  FROM annotation
  WHERE kind = 'user' AND (starts_with(name, 'execute_') OR starts_with(name, 'step['))
),

parsed AS (
  SELECT
    trace_id,
    name,
    regexp_extract(
      name,
      '^execute_(\d+_)?context_(\d+)\(sq(\d+)sk(\d+)sqsq\d+sqsk\d+\)'
      || '_generation_(\d+)\(sq(\d+)sk(\d+)sqsq\d+sqsk\d+\)$',
      ['total', 'requests', 'tokens', 'kv', 'decodes', 'decode_tokens', 'decode_kv']
    ) AS sums,
    regexp_extract(
      name,
      '^execute_context_(\d+)\((\d+)(?:_\d+)?\)_generation_(\d+)\((\d+)(?:_\d+)?\)$',
      ['requests', 'tokens', 'decodes', 'decode_tokens']
    ) AS squares,
    regexp_extract(name, '^step\[DECODE bs=(\d+)\]$', 1) AS decode,
    regexp_extract(name, '^step\[EXTEND bs=(\d+) toks=(\d+)\]$', ['requests', 'tokens']) AS extend
  FROM label
),

-- a group that did not match is an empty text
counted AS (
  SELECT
    trace_id,
    name,
    if(starts_with(name, 'execute_'), 'execute', 'step') AS source,
    try_cast(concat(sums.requests, squares.requests, extend.requests) AS BIGINT) AS requests,
    try_cast(concat(sums.tokens, squares.tokens, extend.tokens) AS BIGINT) AS tokens,
    try_cast(sums.kv AS BIGINT) AS kv,
    try_cast(concat(sums.decodes, squares.decodes, decode) AS BIGINT) AS decodes,
    try_cast(concat(sums.decode_tokens, squares.decode_tokens, decode) AS BIGINT) AS decode_tokens,
    try_cast(sums.decode_kv AS BIGINT) AS decode_kv
  FROM parsed
)

SELECT
  trace_id,
  name,
  source,
  coalesce(requests, 0) AS context_request_count,
  coalesce(tokens, 0) AS context_token_count,
  kv AS context_kv_count,
  coalesce(decodes, 0) AS generation_request_count,
  coalesce(decode_tokens, 0) AS generation_token_count,
  decode_kv AS generation_kv_count
FROM counted
WHERE coalesce(requests, decodes) IS NOT NULL
