-- fleet_job: one training or serving job of a user's own fleet, from the user's CSV.
--
-- Why:     how much of a fleet a class of models takes can only be known from its own job table.
-- Grain:   one row per job
-- Inputs:  none
-- Columns:
--   job                 name of the job
--   model_class         such as 'llm', 'text-to-image', 'text-to-video'
--   gpu_count           devices it holds
--   parameter_count     parameters of the model
--   memory_used_bytes   device memory in use, over all devices; NULL if unknown
--   memory_total_bytes  device memory held, over all devices; NULL if unknown
CREATE TABLE fleet_job (
  job VARCHAR NOT NULL,
  model_class VARCHAR NOT NULL,
  gpu_count BIGINT NOT NULL,
  parameter_count BIGINT NOT NULL,
  memory_used_bytes BIGINT,
  memory_total_bytes BIGINT
);
