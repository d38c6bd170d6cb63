-- kineto_consequence: what each kind of trouble with a Kineto trace does to which figure.
--
-- Why:     an anomaly that doesn't say what it costs is noise.
-- Grain:   one row per kind
-- Inputs:  none
-- Columns:
--   kind         name of the trap
--   consequence  one clause
SELECT
  trap.kind,
  trap.consequence
FROM (
  VALUES
  ('invalid_utf8', 'such bytes show as U+FFFD; names that differ only there fall together'),
  ('control_character', 'kept in the text, where JSON does not allow it; no figure changes'),
  ('bad_escape', 'the backslash is taken as itself; no figure changes'),
  ('not_a_number', 'the value is read as unknown: columns that need it are NULL'),
  ('unescaped_quote', 'the quote is taken as text: a name may end in the wrong place'),
  ('lone_surrogate', 'half a character shows as U+FFFD; no figure changes'),
  ('duplicate_key', 'the last value of the key is taken; earlier ones are lost'),
  ('wrong_type', 'the value is read as unknown: links and sizes that need it are missing'),
  ('integer_out_of_range', 'the value is read as unknown: links that need it are missing'),
  ('no_timestamp', 'the event has no place in time and is in no table'),
  ('not_an_event', 'something that is no event stood among the events; nothing else is lost'),
  ('unreadable_event', 'the event is lost: counts and sums are too low by it'),
  ('cut_event', 'the last event was cut off and is lost'),
  (
    'mixed_writers',
    'several processes wrote into one file: events are missing, so idle and span are refused'
  ),
  ('broken_tail', 'keys after the events are lost: base time, rank or devices may be unknown'),
  (
    'broken_header',
    'a key before the events was mended or lost: base time, rank or devices may be unknown'
  ),
  ('truncated', 'the trace stops before its end, so idle and span are refused'),
  (
    'environment_in_header',
    'environment variables, which may hold credentials: remove them before sharing'
  ),
  (
    'same_stream_overlap',
    'kernels of one stream overlap, as with programmatic launch: sum exceeds busy time'
  ),
  (
    'overrunning_kernel',
    'it seems to run far into the next of its stream: its duration can''t be trusted'
  ),
  ('zero_duration_kernel', 'shorter than the clock''s step: such kernels add nothing to any sum'),
  (
    'unlinked_kernel',
    'no launch in the trace, as at a window''s edge: operator and component are unknown'
  ),
  ('duplicate_device_event', 'written more than once, as between steps: counted once'),
  ('graph_launch', 'kernels of a graph have no operator: they are known by their names alone'),
  ('uneven_graph_replay', 'kernels of some replays are missing: sums too low, idle time refused'),
  (
    'partial_overlap',
    'operators of one thread overlap in part: the later one is taken as not nested'
  ),
  ('no_kernel', 'calls to the device but no kernels: there is no device time, only the host''s'),
  (
    'no_operator',
    'kernels but no operators: shapes, FLOPs, components, attention calls are unknown'
  ),
  ('no_shape', 'no operator has shapes: FLOPs, bytes and sequence lengths are unknown'),
  (
    'shared_correlation',
    'several processes use the same correlation: a kernel of unknown process is not linked by it'
  ),
  (
    'compiled_region',
    'compiled code hides modules: components come from labels, shapes or not at all'
  ),
  (
    'merged_process',
    'several ranks in one file: clocks are not aligned, devices of one number count as one'
  ),
  (
    'whole_microseconds',
    'times are whole microseconds: short kernels show as 0 or 1, sums are coarse'
  ),
  ('negative_duration', 'read as a duration of 0'),
  (
    'outlier_time',
    'a day away from the other events, or a day long: spans that hold it mean nothing'
  ),
  (
    'outlier_work',
    'kernels or copies a day away from the other events, or a day long: idle and span are refused'
  ),
  (
    'untimed_work',
    'kernels or copies without a start, or without an end: sums are too low, idle and span refused'
  ),
  ('zero_time', 'start and duration are 0, so no time was recorded: its place in time is wrong'),
  (
    'unread_device_work',
    'rows of a device in a form that is not read: all device time, or a part of it, is missing'
  ),
  ('profiler_overhead', 'the profiler''s own time on the host: reported, never subtracted'),
  ('unknown_category', 'events of these categories are in trace_event alone'),
  ('category_without_table', 'in trace_event alone: neither kernels nor copies nor launches'),
  (
    'argument_without_column',
    'arguments that no column takes: in trace_event.args on request (--args), else not kept'
  ),
  (
    'left_out_python',
    'Python frames are loaded on request (--python); nn.Module frames always are'
  ),
  (
    'negative_correlation',
    'no correlation recorded: such kernels are linked by External id or not at all'
  ),
  ('metadata_heavy', 'names of threads make a large part of the file; no figure changes'),
  ('one_rank_of_many', 'one rank of a distributed job: totals are this rank''s alone'),
  ('odd_label', 'what a label can''t mean was left out of it: as if it had not been given'),
  (
    'odd_manifest_value',
    'values of the manifest that are of another kind than their key: as if they were not there'
  ),
  ('device_events_of_others', 'work of the device in a form that is no kernel: its time is unknown')
) AS trap (kind, consequence)
