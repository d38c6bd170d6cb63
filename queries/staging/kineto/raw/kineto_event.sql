-- kineto_event: one event of a Kineto trace, with exact times and plain column names.
--
-- Why:     ts and dur are microseconds with decimals, and every table needs them as int64 ns,
--          rounded down.
-- Grain:   one row per event of the file, except those that the reader skips
-- Inputs:  kineto_chunk, kineto_text
-- Columns:
--   text_id                  kineto_text.text_id
--   ph                       'X' complete, 'i' instant, 'M' metadata, ...
--   cat                      category, as recorded; NULL if absent
--   role                     see kineto_text
--   name                     as recorded; '' if absent
--   pid                      process, or device for a device event, as text
--   tid                      thread or stream, as text
--   thread_order             see kineto_text
--   work_order               see kineto_text
--   signature_id             see kineto_text
--   range_kind               kineto_text.kind
--   label_name               see kineto_text
--   label_args               see kineto_text
--   is_odd_label             see kineto_text
--   start_ns                 ns; NULL if the event has no readable ts, and for a kernel or copy
--                            that starts at 0 and lasts 0, as CUPTI and Kineto write if no time was
--                            recorded
--   dur_ns                   ns, never negative; 0 if absent
--   recorded_dur_ns          ns as recorded; NULL if absent
--   external_id              as recorded; 0 means none; NULL if absent
--   correlation_id           as recorded; NULL if absent, or negative, as ROCm writes if there is
--                            none
--   recorded_correlation_id  as recorded
--   device_id                device number of a device event
--   stream_id                stream or queue, also of a kernel that Cuspy shows in a logical lane
--   copy_kind                see kineto_text
--   size_bytes               bytes moved or set by a copy
--   grid                     JSON text
--   block                    JSON text
--   registers                registers per thread
--   shared_bytes             shared memory per block, bytes
--   graph_id                 CUDA graph
--   graph_node_id            node in that graph
--   input_dims               JSON text
--   input_types              JSON text
--   input_strides            JSON text
--   concrete_inputs          JSON text
--   sequence_number          as recorded
--   forward_thread_id        as recorded
--   python_id                "Python id"
--   python_parent_id         "Python parent id"
--   python_module_id         "Python module id"
--   reserved_bytes           bytes held by the allocator
--   allocated_bytes          bytes in use in the allocator
--   memory_bytes             bytes of a [memory] event
--   addr                     address of a [memory] event
--   memory_device_id         device number of a [memory] event
--   memory_device_type       device type of a [memory] event: 0 is the host
--   collective_name          see kineto_text
--   arguments                JSON text of all arguments; NULL unless requested, but for counters
SELECT
  text.text_id,
  text.ph,
  text.cat,
  text.role,
  text.name,
  text.pid,
  text.tid,
  text.thread_order,
  text.work_order,
  text.signature_id,
  text.kind AS range_kind,
  text.label_name,
  text.label_args,
  text.is_odd_label,
  CASE
    WHEN
      chunk.ts_ns = 0 AND coalesce(chunk.dur_ns, 0) = 0
      AND coalesce(text.role, '') IN ('kernel', 'copy')
      THEN NULL
    ELSE chunk.ts_ns
  END AS start_ns,
  greatest(coalesce(chunk.dur_ns, 0), 0) AS dur_ns,
  chunk.dur_ns AS recorded_dur_ns,
  nullif(chunk."External id", 0) AS external_id,
  CASE WHEN chunk.correlation >= 0 THEN chunk.correlation END AS correlation_id,
  chunk.correlation AS recorded_correlation_id,
  coalesce(
    try_cast(chunk.device AS INTEGER), text.pid_number, 0
  ) AS device_id,
  coalesce(text.own_stream, chunk.stream) AS stream_id,
  text.copy_kind,
  chunk.bytes AS size_bytes,
  text.grid,
  text.block,
  try_cast(chunk."registers per thread" AS INTEGER) AS registers,
  chunk."shared memory" AS shared_bytes,
  chunk."graph id" AS graph_id,
  chunk."graph node id" AS graph_node_id,
  text.input_dims,
  text.input_types,
  text.input_strides,
  text.concrete_inputs,
  chunk."Sequence number" AS sequence_number,
  chunk."Fwd thread id" AS forward_thread_id,
  chunk."Python id" AS python_id,
  chunk."Python parent id" AS python_parent_id,
  chunk."Python module id" AS python_module_id,
  chunk."Total Reserved" AS reserved_bytes,
  chunk."Total Allocated" AS allocated_bytes,
  chunk."Memory bytes" AS memory_bytes,
  chunk.addr,
  try_cast(chunk."Device Id" AS INTEGER) AS memory_device_id,
  chunk."Device Type" AS memory_device_type,
  text.collective_name,
  chunk.arguments
FROM kineto_chunk AS chunk
INNER JOIN kineto_text AS text ON chunk.text_id = text.text_id
