-- call_rule: what a runtime or driver call does to the host, by its name.
--
-- Why:     a call that waits, a call that allocates and a call that only asks are different
--          reasons for an idle device. CUDA's runtime and driver and HIP name them alike.
-- Grain:   one row per rule
-- Inputs:  none
-- Columns:
--   kind     'wait' (returns when the device has finished) | 'copy' (may wait) | 'poll' (asks and
--            returns) | 'free' (may wait inside) | 'allocate' | 'launch' | 'launch_graph' |
--            'begin_capture' | 'end_capture' | 'wait_event'
--   pattern  regular expression that matches the whole name; a version such as '_v3020' may follow
--   example  a real name that it matches
SELECT
  kind,
  '^(cuda|cu|hip)(' || pattern || ')(_v[0-9]+|_pt(sz|ds))*$' AS pattern,
  example
FROM (
  VALUES
  ('wait', '(Device|Stream|Event|Ctx|Context|Thread)Synchronize', 'cudaStreamSynchronize'),
  ('copy', 'Memcpy\w*?', 'hipMemcpyWithStream'),
  ('poll', '(Event|Stream)Query', 'cudaEventQuery'),
  ('free', '(Mem)?Free(Host|Array|MipmappedArray)?|HostFree', 'cudaFreeHost'),
  ('free', '(Mem)?HostUnregister', 'cudaHostUnregister_v4000'),
  ('allocate', '(Mem)?(Malloc|Alloc)(Host|Managed|Pitch|Array|3D\w*?|ManagedMemory)?', 'hipMalloc'),
  ('allocate', '(Mem)?Host(Alloc|Malloc|Register)', 'cudaHostAlloc'),
  ('launch', '(Ext)?(Module)?Launch\w*Kernel\w*', 'cudaLaunchKernelExC'),
  ('launch_graph', 'GraphLaunch', 'hipGraphLaunch'),
  ('begin_capture', 'StreamBeginCapture(ToGraph)?', 'hipStreamBeginCapture'),
  ('end_capture', 'StreamEndCapture', 'hipStreamEndCapture'),
  ('wait_event', 'StreamWaitEvent', 'cudaStreamWaitEvent')
) AS rules (kind, pattern, example)
