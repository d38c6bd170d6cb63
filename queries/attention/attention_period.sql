-- attention_period: after how many calls the lengths of a component's attention repeat.
--
-- Why:     comparing a series with itself at every shift is quadratic in its calls, and a decoder
--          makes many calls. Instead, each prefix gets one number, the sum of length number * base
--          ^ position modulo a prime (Karp and Rabin, 1987). A shift repeats the series if the
--          calls after it have the number of the prefix with as many calls.
-- Grain:   one row per (trace_id, component, attention_kind) of attention_call
-- Inputs:  attention_call
-- From:    attention_call
-- Columns:
--   trace_id        trace.trace_id
--   component       see attention_call
--   attention_kind  see attention_call
--   period_calls    smallest number of calls after which the series repeats, seen at least twice;
--                   NULL if it does not repeat
-- Never:   GROUP BY trace_id, component, attention_kind HAVING count(*) > 1
WITH RECURSIVE call AS MATERIALIZED (
  SELECT
    dense_rank() OVER (ORDER BY trace_id, component, attention_kind) AS series_id,
    trace_id,
    component,
    attention_kind,
    row_number() OVER (
      PARTITION BY trace_id, component, attention_kind ORDER BY call_index
    ) AS position,
    dense_rank() OVER (ORDER BY query_len, kv_len) AS letter
  FROM attention_call
),

-- base ^ position, by doubling: each round adds a binary digit to the position; modulo two primes,
-- because one that int64 can square could not distinguish this many shifts
power AS MATERIALIZED (
  SELECT
    1::BIGINT AS digit,
    0::BIGINT AS position,
    1::BIGINT AS a,
    1::BIGINT AS b,
    1000000007::BIGINT AS step_a,
    1000000009::BIGINT AS step_b,
    (SELECT max(call.position) FROM call) AS longest
  UNION ALL
  SELECT
    2 * power.digit AS digit,
    power.position + bit.digit * power.digit AS position,
    if(bit.digit = 0, power.a, power.a * power.step_a % 2147483647) AS a,
    if(bit.digit = 0, power.b, power.b * power.step_b % 2147483629) AS b,
    power.step_a * power.step_a % 2147483647 AS step_a,
    power.step_b * power.step_b % 2147483629 AS step_b,
    power.longest
  FROM power
  CROSS JOIN (VALUES (0), (1)) AS bit (digit)
  WHERE power.digit <= power.longest
),

beginning AS MATERIALIZED (
  SELECT
    call.series_id,
    call.position,
    call.letter,
    power.a,
    power.b,
    try_cast(sum(call.letter * power.a % 2147483647) OVER series AS BIGINT) AS number_a,
    try_cast(sum(call.letter * power.b % 2147483629) OVER series AS BIGINT) AS number_b,
    count(*) OVER (PARTITION BY call.series_id) AS call_count
  FROM call
  INNER JOIN power ON call.position = power.position
  WHERE power.digit > power.longest
  WINDOW series AS (PARTITION BY call.series_id ORDER BY call.position)
),

whole AS (
  SELECT series_id, number_a, number_b
  FROM beginning
  WHERE position = call_count
),

shift AS MATERIALIZED (
  SELECT
    head.series_id,
    min(head.position) AS period_calls
  FROM beginning AS head
  INNER JOIN whole USING (series_id)
  INNER JOIN beginning AS rest
    ON head.series_id = rest.series_id AND head.call_count - head.position = rest.position
  WHERE
    2 * head.position <= head.call_count
    AND (whole.number_a - head.number_a) % 2147483647
    = head.a * (rest.number_a % 2147483647) % 2147483647
    AND (whole.number_b - head.number_b) % 2147483629
    = head.b * (rest.number_b % 2147483629) % 2147483629
  GROUP BY head.series_id
),

-- two series with one number are practically impossible, but checked anyway
differing AS (
  SELECT DISTINCT shift.series_id
  FROM shift
  INNER JOIN beginning AS head USING (series_id)
  INNER JOIN beginning AS later
    ON shift.series_id = later.series_id AND head.position + shift.period_calls = later.position
  WHERE head.letter <> later.letter
)

SELECT
  series.trace_id,
  series.component,
  series.attention_kind,
  if(differing.series_id IS NULL, shift.period_calls, NULL) AS period_calls
FROM (SELECT DISTINCT series_id, trace_id, component, attention_kind FROM call) AS series
LEFT JOIN shift USING (series_id)
LEFT JOIN differing USING (series_id)
