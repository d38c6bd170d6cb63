-- published_model: quality and size of a model as its authors publish them, from the user's CSV.
--
-- Why:     a trace has no quality, and a Pareto front needs it next to size or latency.
-- Grain:   one row per model
-- Inputs:  none
-- Columns:
--   model            name of the model
--   model_class      such as 'diffusion', 'transformer'
--   parameter_count  parameters, all components
--   quality          value of the quality measure
--   quality_measure  such as 'COCO FID'; lower is better
--   latency_ns       ns of one request; NULL if unknown
--   source           where the numbers are published
CREATE TABLE published_model (
  model VARCHAR NOT NULL,
  model_class VARCHAR,
  parameter_count BIGINT NOT NULL,
  quality DOUBLE NOT NULL,
  quality_measure VARCHAR NOT NULL,
  latency_ns BIGINT,
  source VARCHAR
);
