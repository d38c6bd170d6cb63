-- kineto_anomaly_track: rows of devices that are read neither as kernels nor as copies.
--
-- Why:     Ascend's rows have no category, and Gaudi has a category of its own. Without them the
--          host's time looks like all the time there is.
-- Grain:   one row per kind of anomaly that occurs
-- Inputs:  kineto_text, kineto_chunk, kernel
-- Columns:
--   kind     see anomaly_kind
--   count    number of affected rows
--   example  rows, their time, the device and their categories
WITH process AS (
  SELECT
    pid,
    process_label,
    name = 'process_labels' AS is_label,
    string_split(translate(upper(process_label), '0123456789:/_-.,()[]', ''), ' ') AS bare_word,
    string_split(
      translate(upper(process_label), '0123456789:/_-.,()[]', '                    '), ' '
    ) AS word
  FROM kineto_text
  WHERE ph = 'M' AND name IN ('process_labels', 'process_name') AND process_label IS NOT NULL
),

-- use the label of a process if it has one, because its name is 'python' for each GPU
named AS (
  SELECT
    pid,
    process_label,
    list_has_any(word, ['CPU', 'HOST']) AS is_host,
    list_has_any(
      list_concat(word, bare_word),
      [
        'GPU', 'NPU', 'HPU', 'XPU', 'TPU', 'IPU', 'MLU', 'DCU', 'GCU', 'PPU', 'VPU', 'APU', 'MTIA',
        'DEVICE', 'ACCELERATOR', 'HARDWARE', 'CUDA', 'HIP', 'ROCM', 'ASCEND', 'GAUDI', 'HABANA',
        'NEURON', 'NEURONCORE', 'MPS', 'MUSA'
      ]
    ) AS is_device
  FROM process
  QUALIFY is_label OR NOT bool_or(is_label) OVER (PARTITION BY pid)
),

device_process AS (
  SELECT
    pid,
    min(process_label) FILTER (WHERE is_device) AS label
  FROM named
  GROUP BY pid
  HAVING bool_or(is_device) AND NOT bool_or(is_host)
),

-- look at the few sets of texts first: if none matches, no event is read
candidate AS (
  SELECT
    text.text_id,
    coalesce(text.cat, 'no category') AS cat,
    coalesce(device_process.label, 'process ' || text.pid, 'unknown device') AS label,
    CASE
      WHEN text.role IN ('device_other', 'counter_range') AND text.cat <> 'hpu_op'
        THEN 'device_events_of_others'
      ELSE 'unread_device_work'
    END AS kind,
    -- a begin event without a duration is not read, whatever its category
    device_process.pid IS NOT NULL OR text.role IS NOT NULL AS is_certain
  FROM kineto_text AS text
  LEFT JOIN device_process ON text.pid = device_process.pid
  WHERE
    (
      text.role IN ('device_other', 'counter_range') AND text.cat NOT IN ('cuda_sync', 'hpu_op')
      AND NOT EXISTS (SELECT 1 FROM kernel)
    )
    OR (text.ph IN ('X', 'B') AND (text.role IS NULL OR text.cat = 'hpu_op'))
    OR (text.ph = 'B' AND text.role IN ('kernel', 'copy'))
),

found AS (
  SELECT
    candidate.kind,
    candidate.cat,
    candidate.label,
    greatest(coalesce(chunk.dur_ns, 0), 0) AS dur_ns
  FROM kineto_chunk AS chunk
  INNER JOIN candidate ON chunk.text_id = candidate.text_id
  WHERE candidate.is_certain OR chunk.stream IS NOT NULL OR chunk.device IS NOT NULL
)

SELECT
  kind,
  count(*) AS count,
  (
    count(*) || ' rows, ' || sum(dur_ns) || ' ns on '
    || string_agg(DISTINCT label[:40], ', ' ORDER BY label[:40])[:80] || ' ('
    || string_agg(DISTINCT cat[:40], ', ' ORDER BY cat[:40])[:80] || ')'
  ) AS example
FROM found
GROUP BY kind
