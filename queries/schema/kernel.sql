-- kernel: one execution of a kernel on a device.
--
-- Why:     device time consists of kernels and copies; copies and annotations are not kernels.
-- Grain:   one row per kernel execution
-- Inputs:  none
-- Texts:   process_id, name, grid, block, occupancy_frac, warps_per_sm, blocks_per_sm, priority,
--          context_id, channel_id
-- Columns:
--   trace_id        trace.trace_id
--   kernel_id       number within the trace
--   device_id       device.device_id
--   stream_id       stream or queue on the device; 0 is a valid stream
--   process_id      process that launched it; NULL if the trace does not say
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   name            as recorded, demangled if the trace has that form
--   correlation_id  links to runtime_call within (trace_id, process_id); NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   grid            '[x,y,z]' blocks; NULL if absent
--   block           '[x,y,z]' threads; NULL if absent
--   registers       registers per thread
--   shared_bytes    shared memory per block, bytes
--   graph_id        CUDA graph; NULL outside graphs or where not recorded
--   graph_node_id   node in that graph
--   occupancy_frac  0..1, occupancy that the profiler estimates from registers, shared memory and
--                   block size; NULL if not recorded, like the next six
--   warps_per_sm    warps of the grid for each multiprocessor
--   blocks_per_sm   blocks of the grid for each multiprocessor
--   priority        priority of the stream; lower goes first
--   context_id      CUDA context
--   channel_id      hardware channel
--   annotation      name that the kernel's graph node got when it was captured (mark_kernels)
CREATE TABLE kernel (
  trace_id INTEGER NOT NULL,
  kernel_id BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  stream_id BIGINT,
  process_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  correlation_id BIGINT,
  external_id BIGINT,
  grid VARCHAR,
  block VARCHAR,
  registers INTEGER,
  shared_bytes BIGINT,
  graph_id BIGINT,
  graph_node_id BIGINT,
  occupancy_frac DOUBLE,
  warps_per_sm DOUBLE,
  blocks_per_sm DOUBLE,
  priority INTEGER,
  context_id BIGINT,
  channel_id BIGINT,
  annotation VARCHAR
);
