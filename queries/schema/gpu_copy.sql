-- gpu_copy: one memory copy or fill on a device.
--
-- Why:     copies keep the device busy without computing, so they are not counted as kernels.
-- Grain:   one row per memcpy or memset
-- Inputs:  none
-- Columns:
--   trace_id        trace.trace_id
--   copy_id         number within the trace
--   device_id       device.device_id
--   stream_id       stream or queue
--   process_id      as in kernel
--   start_ns        ns from the trace's base
--   dur_ns          ns
--   name            as recorded
--   kind            'HtoD' | 'DtoH' | 'DtoD' | 'PtoP' | 'HtoH' | 'memset' | 'other'
--   host_memory     'pinned' | 'pageable', of the side that is on the host; NULL if unknown or none
--   size_bytes      bytes moved or set; NULL if not recorded
--   correlation_id  as in kernel
--   external_id     as in kernel
--   graph_id        as in kernel
--   graph_node_id   as in kernel
CREATE TABLE gpu_copy (
  trace_id INTEGER NOT NULL,
  copy_id BIGINT NOT NULL,
  device_id INTEGER NOT NULL,
  stream_id BIGINT,
  process_id VARCHAR,
  start_ns BIGINT NOT NULL,
  dur_ns BIGINT NOT NULL,
  name VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  host_memory VARCHAR,
  size_bytes BIGINT,
  correlation_id BIGINT,
  external_id BIGINT,
  graph_id BIGINT,
  graph_node_id BIGINT
);
