-- memory_at_peak: which operators had allocated the memory that was alive at the peak.
--
-- Why:     a smaller peak needs fewer of these blocks: recompute them, offload them or release them
--          earlier.
-- Grain:   one row per (trace_id, device_id, component, module, op_name, place, lifetime)
-- Inputs:  trace, memory_alive
-- Needs:   memory
-- Key:     trace_name, component, module, op_name, place, lifetime, alive_count, alive_bytes
-- Columns:
--   trace_id     trace.trace_id
--   trace_name   trace.name
--   device_id    device.device_id; -1 for host memory
--   component    see memory_alive
--   module       see memory_alive
--   op_name      see memory_alive
--   place        see memory_alive
--   lifetime     see memory_alive
--   alive_count  blocks
--   alive_bytes  bytes in them
-- Never:   WHERE alive_bytes <= 0
-- Plot:    What the memory at the peak was allocated for
SELECT
  trace_id,
  trace.name AS trace_name,
  memory_alive.device_id,
  memory_alive.component,
  memory_alive.module,
  memory_alive.op_name,
  memory_alive.place,
  memory_alive.lifetime,
  count(*) AS alive_count,
  cast(sum(memory_alive.size_bytes) AS BIGINT) AS alive_bytes
FROM memory_alive
INNER JOIN trace USING (trace_id)
GROUP BY
  trace_id,
  trace.name,
  memory_alive.device_id,
  memory_alive.component,
  memory_alive.module,
  memory_alive.op_name,
  memory_alive.place,
  memory_alive.lifetime
ORDER BY
  trace_id, alive_bytes DESC, memory_alive.device_id, op_name, component, module, place, lifetime
