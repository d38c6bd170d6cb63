-- anomaly_kind: what each kind of anomaly does to the numbers, and what to change in the recording.
--
-- Why:     an anomaly is useful only with its effect; the readers, the doctor and the report use
--          this one text.
-- Grain:   one row per kind
-- Inputs:  none
-- Columns:
--   kind          see anomaly
--   ruins_shares  true if shares of time can't be trusted in a trace that has it
--   consequence   effect on the numbers, one clause
--   advice        what to change in the recording; NULL if nothing needs to change
SELECT
  kind,
  ruins_shares,
  consequence,
  advice
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  -- text of the file
  ('invalid_utf8', FALSE, 'invalid bytes are shown as U+FFFD; names that differ only in them become equal', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('control_character', FALSE, 'kept in the text although JSON forbids it; no number changes', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('bad_escape', FALSE, 'the backslash is read as itself; no number changes', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('not_a_number', FALSE, 'the value is read as unknown: columns that need it are NULL', 'the profiler divides by a duration of 0; update PyTorch'),
  ('unescaped_quote', FALSE, 'the quote is read as text: a name may end in the wrong place', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('lone_surrogate', FALSE, 'half a character is shown as U+FFFD; no number changes', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('duplicate_key', FALSE, 'the last value of the key counts; earlier ones are lost', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('wrong_type', FALSE, 'the value is read as unknown: links and sizes that need it are missing', 'load what the profiler''s own export_chrome_trace wrote, not a copy edited by a script'),
  ('integer_out_of_range', FALSE, 'the value is read as unknown: links that need it are missing', 'update PyTorch'),
  ('not_an_event', FALSE, 'something other than an event is in the list of events; nothing else is lost', 'load what the profiler''s own export_chrome_trace wrote, not a copy edited by a script'),
  ('unreadable_event', FALSE, 'the event is lost: counts and sums are too low by it', 'let the process end, or call profiler.stop() before it is killed, and copy whole files'),
  ('cut_event', FALSE, 'the last event is cut off and lost', 'let the process end, or call profiler.stop() before it is killed, and copy whole files'),
  ('mixed_writers', TRUE, 'several processes wrote into one file: events are missing, so idle and span are refused', 'write one file per rank, with the rank in the file''s name'),
  ('broken_tail', FALSE, 'keys after the events are lost: base time, rank or devices may be unknown', 'let the process end, or call profiler.stop() before it is killed, and copy whole files'),
  ('broken_header', FALSE, 'a key before the events was repaired or lost: base time, rank or devices may be unknown', 'update PyTorch, or name files and record_function ranges without unusual characters'),
  ('truncated', TRUE, 'the trace stops before its end, so idle and span are refused', 'let the process end, or call profiler.stop() before it is killed, and copy whole files'),
  ('contradicting_history', FALSE, 'the history of a memory snapshot releases more than its state allows: the totals over time are refused, the state counts', 'record all actions: leave skip_actions of _record_memory_history out'),
  ('environment_in_header', FALSE, 'the file holds environment variables, which may contain credentials: remove them before sharing', 'leave the environment out of add_metadata_json; genscope doctor --repair writes a copy without it'),
  ('metadata_heavy', FALSE, 'thread names make up a large part of the file; no number changes', NULL),
  -- times
  ('no_timestamp', FALSE, 'the event has no start and is in no table', 'load what the profiler''s own export_chrome_trace wrote, not a copy edited by a script'),
  ('zero_time', FALSE, 'start and duration are 0, so no time was recorded: the event is in the wrong place', 'update PyTorch and the driver, and record again'),
  ('untimed_work', TRUE, 'kernels or copies have no start or no end: sums are too low, so idle and span are refused', 'update PyTorch or nsys and the driver, and stop the recording before the program ends'),
  ('outlier_time', FALSE, 'events are a day away from the others, or a day long: spans that include them mean nothing', 'update PyTorch; leave out marks of other clocks'),
  ('outlier_work', TRUE, 'kernels or copies are a day away from the other events, or a day long: idle and span are refused', 'update PyTorch and the driver, and record again'),
  ('negative_duration', FALSE, 'events that end before they start count as 0 ns', 'update the profiler'),
  ('negative_time', FALSE, 'events lie before the start of the session; they are kept where they are', NULL),
  ('whole_microseconds', FALSE, 'times are whole microseconds: short kernels show as 0 or 1, and sums are coarse', 'record with PyTorch 2.4 or newer, which writes nanoseconds'),
  ('zero_duration_kernel', FALSE, 'kernels shorter than the clock''s step add nothing to any sum', 'record with PyTorch 2.4 or newer, which writes nanoseconds'),
  ('lost_duration', TRUE, 'most kernels last 0 ns, so durations were not recorded: sums are too low, and idle and span are refused', 'update PyTorch or nsys and the driver, and record again'),
  ('no_start', FALSE, 'events without a start are left out', 'export the report again: nsys export --type sqlite'),
  ('no_end', FALSE, 'the recording stopped before these events ended: their time counts as 0', 'let the program end, or stop the recording before it is killed'),
  ('profiler_overhead', FALSE, 'time that the profiler itself took on the host: reported, never subtracted', 'record without stacks and memory, and profile fewer steps'),
  -- device work
  ('no_kernel', FALSE, 'calls to the device but no kernels were recorded: there is no device time, only the host''s', 'add ProfilerActivity.CUDA (nsys: --trace=cuda,nvtx), and check that no other CUPTI user is running'),
  ('same_stream_overlap', FALSE, 'kernels of one stream overlap, as with programmatic launch: their sum exceeds busy time', 'read busy time (union), not the sum of kernels'),
  ('overrunning_kernel', TRUE, 'a kernel seems to run far into the next one of its stream: its duration can''t be trusted', 'update ROCm and roctracer, or time the kernel alone'),
  ('unlinked_kernel', FALSE, 'no launch in the trace, as at the edge of a window: operator and component are unknown', 'start the window after a warm-up step and synchronize before it, as schedule(warmup=1) does'),
  ('duplicate_device_event', FALSE, 'written more than once, as between steps: counted once', 'export once per window, after the profiler has stopped'),
  ('duplicate_host_event', FALSE, 'written more than once, as between steps: counted once', 'export once per window, after the profiler has stopped'),
  ('graph_launch', FALSE, 'kernels of a CUDA graph have no operator: only their names are known', 'record the capture of the graph too, or run one step without CUDA graphs'),
  ('unread_graph_annotations', FALSE, 'a file that names the kernels of CUDA graphs could not be read: these kernels keep only their own names', 'save get_kernel_annotations() as plain numbers, texts, lists and dictionaries, in JSON or a pickle'),
  ('uneven_graph_replay', TRUE, 'kernels of some replays are missing: sums are too low, idle time is refused', 'profile fewer steps: the profiler''s buffer overflows'),
  ('graph_kernels_not_recorded', TRUE, 'CUDA graphs were traced as a whole: the kernels in them are missing, so shares of device time are refused; record again with nsys profile --cuda-graph-trace=node', 'record with nsys profile --cuda-graph-trace=node'),
  ('unread_device_work', TRUE, 'rows of a device in a form that is not supported: all or part of the device time is missing', 'such a device is not supported yet; use the operators of the host alone'),
  ('device_events_of_others', FALSE, 'work of the device that is not recorded as kernels: its time is unknown', 'record on a GPU, or use the operators of the host alone'),
  ('shared_device_number', FALSE, 'several processes use one device number and the export does not map them: two GPUs may appear as one', 'export with a newer nsys: later versions map the devices of processes'),
  ('negative_correlation', FALSE, 'no correlation was recorded: such kernels are linked by External id or not at all', 'update ROCm; External id links such kernels instead'),
  ('shared_correlation', FALSE, 'several processes use the same correlation: a kernel of unknown process is not linked by it', 'write one file per rank, with the rank in the file''s name'),
  -- host work and labels
  ('no_operator', FALSE, 'kernels but no operators: shapes, FLOPs, components and attention calls are unknown', 'add ProfilerActivity.CPU'),
  ('no_shape', FALSE, 'no operator has shapes: FLOPs, bytes and sequence lengths are unknown', 'record with record_shapes=True (nsys: under emit_nvtx(record_shapes=True))'),
  ('partial_overlap', FALSE, 'operators of one thread overlap partly: the later one counts as not nested', 'record without with_stack, or update PyTorch'),
  ('compiled_region', FALSE, 'compiled code hides modules: components come from labels, shapes or not at all', 'label components and steps with record_function outside compiled code'),
  ('several_devices', FALSE, 'gpu_time counts a moment as busy if any device works, and idle if none does; idle_time, gpu_overlap and launch_queue are per device, so they don''t add up to it', NULL),
  ('merged_process', FALSE, 'several ranks in one file: clocks are not aligned, and devices of one number count as one', 'write one file per rank, with the rank in the file''s name'),
  ('one_rank_of_many', FALSE, 'one rank of a distributed job: totals are those of this rank alone', 'load the files of the other ranks too'),
  ('call_recorded_twice', FALSE, 'a call is recorded twice, with and without its interface version: host time of calls counts double', 'record without backtraces of CUDA calls (--cudabacktrace=none)'),
  ('unclosed_range', FALSE, 'ranges that were never closed have no length: nothing is attributed to them', 'close every NVTX range before the recording stops'),
  ('cross_thread_range', FALSE, 'ranges that end on another thread contain no launch: work is given to them by time alone, where its thread has no labels', 'use push/pop ranges where ranges should own kernels'),
  ('overlapping_range', FALSE, 'ranges of one thread overlap without nesting: after the first has ended, work may be given to the wrong one', 'use push/pop ranges of one domain where ranges should own kernels'),
  ('odd_label', FALSE, 'parts of a label that have no meaning are ignored', 'write labels as genscope capture does: component:NAME, step:NUMBER, module:PATH, attention:kind=KIND,site=PATH'),
  ('odd_manifest_value', FALSE, 'values of the manifest that don''t fit their key are ignored', 'correct the manifest, or run genscope capture again'),
  -- what is not loaded, and the tools
  ('unknown_category', FALSE, 'events of these categories are only in trace_event', 'no action needed; please report the category so that it can be supported'),
  ('category_without_table', FALSE, 'only in trace_event: neither kernels nor copies nor launches', NULL),
  ('argument_without_column', FALSE, 'arguments without a column: in trace_event.args with --args, otherwise not kept', 'load with --args if you need one of them'),
  ('left_out_python', FALSE, 'Python frames are loaded only with --python; nn.Module frames always are', 'load with --python, or record without with_stack'),
  ('unknown_name', FALSE, 'names that the export does not hold; such kernels stay unclassified', 'export the report again: nsys export --type sqlite'),
  ('duplicate_id', FALSE, 'ids of texts, kinds or devices occur more than once: the first one counts', 'export the report again: nsys export --type sqlite'),
  ('mixed_type', FALSE, 'a value that isn''t a whole number, or is too large, is read as NULL', 'export the report again: nsys export --type sqlite'),
  ('newer_schema', FALSE, 'exports of this version were never tested; columns that it renamed are read as NULL', 'update genscope'),
  ('no_export_metadata', FALSE, 'the version of the export is unknown: it is very old, or was interrupted and may lack events', 'export the report again with a version of nsys from 2022 or later'),
  ('profiler_warning', FALSE, 'the profiler warned while it recorded: events or metrics may be missing', 'read the warning; update the tool or the driver, or measure again'),
  ('cut_row', FALSE, 'rows with too few or too many fields are left out, and their metrics with them', 'write the CSV again, to its end')
) AS listed (kind, ruins_shares, consequence, advice)
