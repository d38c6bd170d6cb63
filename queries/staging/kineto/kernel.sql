-- kernel: the kernels of a Kineto trace.
--
-- Why:     rows are chosen by category, never by stream number: 0 is a valid stream, and
--          synchronisations have made-up ones. Duplicates of an event, written at the edge of a
--          step, count once. Names of a graph's kernels are in the trace, as Cuspy writes them,
--          or in a file next to it.
-- Grain:   one row per kernel execution
-- Inputs:  kineto_kernel_order, kineto_text, kineto_device_process, kineto_graph_annotation,
--          trace_file
-- From:    kineto_kernel_order
-- Columns:
--   trace_id        trace.trace_id
--   kernel_id       in order of device, stream and start
--   device_id       device.device_id
--   stream_id       stream or queue on the device
--   process_id      see kineto_device_process; NULL in a trace of one process
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   name            as recorded
--   correlation_id  links to runtime_call; NULL if absent
--   external_id     links to cpu_op; NULL if absent
--   grid            '[x,y,z]' blocks; NULL if absent
--   block           '[x,y,z]' threads; NULL if absent
--   registers       registers per thread
--   shared_bytes    shared memory per block, bytes
--   graph_id        CUDA graph; NULL outside graphs or where not recorded
--   graph_node_id   node in that graph
--   occupancy_frac  0..1, as the profiler estimates it; NULL if not recorded, like the next six
--   warps_per_sm    as recorded
--   blocks_per_sm   as recorded
--   priority        priority of the stream
--   context_id      CUDA context
--   channel_id      hardware channel
--   annotation      name of the graph node
SELECT
  file.trace_id,
  kernel.kernel_id,
  kernel.device_id,
  kernel.stream_id,
  owner.process_id,
  kernel.start_ns,
  kernel.dur_ns,
  text.name,
  kernel.correlation_id,
  kernel.external_id,
  text.grid,
  text.block,
  kernel.registers,
  kernel.shared_bytes,
  kernel.graph_id,
  kernel.graph_node_id,
  text.occupancy_frac,
  text.warps_per_sm,
  text.blocks_per_sm,
  text.priority,
  text.context_id,
  text.channel_id,
  coalesce(text.annotation, named.annotation) AS annotation
FROM kineto_kernel_order AS kernel
INNER JOIN kineto_text AS text ON kernel.text_id = text.text_id
LEFT JOIN kineto_device_process AS owner ON text.pid = owner.pid
-- Kineto writes CUPTI's whole number of a node, Cuspy its two halves
LEFT JOIN kineto_graph_annotation AS named
  ON
    named.node_id = if(
      kernel.graph_node_id BETWEEN 1 AND 4294967295 AND kernel.graph_id BETWEEN 1 AND 2147483647,
      (kernel.graph_id << 32) + kernel.graph_node_id, kernel.graph_node_id
    )
CROSS JOIN trace_file AS file
