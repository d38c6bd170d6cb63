-- fleet_job: one training or serving job of the user's fleet, from the user's CSV.
--
-- Why:     only the fleet's job table shows how many devices each model class uses.
-- Grain:   one row per job
-- Inputs:  none
-- Columns:
--   job                 name of the job
--   model_class         such as 'llm', 'text-to-image', 'text-to-video'
--   gpu_count           devices it holds
--   parameter_count     parameters of the model
--   memory_used_bytes   device memory in use, over all devices, in bytes; NULL if unknown
--   memory_total_bytes  device memory held, over all devices, in bytes; NULL if unknown
CREATE TABLE fleet_job (
  job VARCHAR NOT NULL,
  model_class VARCHAR NOT NULL,
  gpu_count BIGINT NOT NULL,
  parameter_count BIGINT NOT NULL,
  memory_used_bytes BIGINT,
  memory_total_bytes BIGINT
);
