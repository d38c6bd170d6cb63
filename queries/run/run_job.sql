-- run_job: the runs that repeat one another, by what they have in common.
--
-- Why:     only runs with equal settings say what is normal: a larger image is not a regression.
--          A device alone says nothing of what ran on it.
-- Grain:   one row per trace without a rank and with a known model or setting
-- Inputs:  trace, trace_setting
-- Kept:    view
-- Columns:
--   trace_id  trace.trace_id
--   job       model, device, attention, whether the times are predicted, and the settings in which
--             runs of these differ
WITH run AS (
  SELECT
    trace_id,
    model,
    concat_ws(', ', model, device_name, attention, if(predicted, 'predicted', NULL)) AS named
  FROM trace
  WHERE rank IS NULL
),

known AS (
  SELECT
    run.named,
    trace_setting.trace_id,
    trace_setting.setting,
    coalesce(trace_setting.value, 'null') AS value
  FROM run
  INNER JOIN trace_setting USING (trace_id)
),

size AS (
  SELECT named, count(*) AS run_count FROM run
  GROUP BY named
),

differing AS (
  SELECT known.named, known.setting
  FROM known
  INNER JOIN size USING (named)
  GROUP BY known.named, known.setting
  HAVING count(DISTINCT known.value) > 1 OR count(*) < max(size.run_count)
),

spelled AS (
  SELECT
    known.trace_id,
    string_agg(known.setting || ' ' || known.value, ', ' ORDER BY known.setting) AS settings
  FROM known
  SEMI JOIN differing ON known.named = differing.named AND known.setting = differing.setting
  GROUP BY known.trace_id
)

SELECT
  run.trace_id,
  concat_ws(', ', nullif(run.named, ''), spelled.settings) AS job
FROM run
LEFT JOIN spelled USING (trace_id)
WHERE
  spelled.settings IS NOT NULL
  OR run.model IS NOT NULL
  OR (run.named <> '' AND run.trace_id IN (SELECT trace_id FROM trace_setting))
