-- nsys_device_number: which GPU of the machine each device number of a process refers to.
--
-- Why:     each process numbers its devices from 0, so device 0 of two processes can be two GPUs.
-- Grain:   one row per (process_id, device_number) that the export maps
-- Inputs:  nsys_cuda_device
-- Columns:
--   process_id     PID
--   device_number  the process's number for it
--   device_id      number of the GPU in the machine
SELECT
  pid::VARCHAR AS process_id,
  cuda_id AS device_number,
  min(gpu_id) AS device_id
FROM nsys_cuda_device
WHERE gpu_id IS NOT NULL
GROUP BY pid, cuda_id
