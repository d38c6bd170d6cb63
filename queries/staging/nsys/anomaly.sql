-- anomaly: what is missing or odd in an Nsight Systems export, and what it costs.
--
-- Why:     a number that lacks half of its kernels must not look like one that has them all.
-- Grain:   one row per kind of trouble that was met
-- Inputs:  trace_file, nsys_reader_anomaly, nsys_anomaly, nsys_anomaly_value
-- Columns:
--   trace_id     from trace_file
--   kind         as in nsys_anomaly, nsys_anomaly_value and nsys_reader_anomaly
--   count        how many events it touched
--   example      one of them
--   consequence  what it does to which metric
WITH
consequence AS (
  SELECT
    kind,
    consequence
  FROM (
    VALUES
    (
      'graph_kernels_not_recorded',
      'CUDA graphs were traced whole: the kernels in them are missing, so shares of device time are'
      || ' refused; record again with nsys profile --cuda-graph-trace=node'
    ),
    (
      'no_kernel',
      'no kernel was recorded, so there is no device time to share out; record with nsys profile'
      || ' --trace=cuda,nvtx and a version of nsys that supports the driver'
    ),
    ('no_start', 'events without a start have no place on the timeline and are left out'),
    ('no_end', 'the recording stopped before they ended: their time counts as 0'),
    (
      'unclosed_range',
      'ranges that were never closed have no length: nothing is attributed to them'
    ),
    (
      'untimed_work',
      'kernels or copies without a start, or without an end: sums are too low, idle and span are'
      || ' refused'
    ),
    (
      'outlier_work',
      'kernels or copies a day away from the other events, or a day long: idle and span are refused'
    ),
    ('negative_duration', 'events that end before they start count as 0 ns'),
    ('negative_time', 'events lie before the zero of the session; they are kept where they are'),
    (
      'call_recorded_twice',
      'the same call is there twice, with and without its interface version: host time of calls'
      || ' counts double'
    ),
    (
      'cross_thread_range',
      'ranges that end on another thread enclose no launch: only work of threads without labels of'
      || ' their own falls to them, by time'
    ),
    (
      'overlapping_range',
      'ranges of one thread that overlap without nesting: once the first has ended, work may be'
      || ' given to the wrong one of them'
    ),
    (
      'no_shape',
      'operators without sizes: sequence lengths and FLOPs are unknown; record under'
      || ' torch.autograd.profiler.emit_nvtx(record_shapes=True)'
    ),
    ('unknown_name', 'names that the export does not hold; such kernels stay unclassified'),
    (
      'shared_device_number',
      'several processes use one device number and the export does not map them: two GPUs may'
      || ' appear as one'
    ),
    (
      'duplicate_id',
      'numbers of texts, kinds or devices that are there more than once: the first one counts'
    ),
    ('odd_label', 'what a label can''t mean was left out of it: as if it had not been given'),
    (
      'odd_manifest_value',
      'values of the manifest that are of another kind than their key: as if they were not there'
    ),
    ('profiler_warning', 'Nsight Systems warned while it recorded: events may be missing')
  ) AS known (kind, consequence)
)

SELECT
  trace_file.trace_id,
  trouble.kind,
  trouble.count,
  left(trouble.example, 200) AS example,
  consequence.consequence
FROM (
  FROM nsys_anomaly
  UNION ALL
  FROM nsys_anomaly_value
) AS trouble
CROSS JOIN trace_file
INNER JOIN consequence USING (kind)
WHERE trouble.count > 0
UNION ALL
SELECT
  trace_file.trace_id,
  nsys_reader_anomaly.kind,
  nsys_reader_anomaly.count,
  nsys_reader_anomaly.example,
  nsys_reader_anomaly.consequence
FROM nsys_reader_anomaly
CROSS JOIN trace_file
