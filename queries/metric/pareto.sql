-- pareto: which models no other model beats in both size and quality.
--
-- Why:     cost only matters together with quality: a model off the front costs more for a worse
--          result.
-- Grain:   one row per (model, quality_measure)
-- Inputs:  published_model
-- Merge:   published_model
-- Key:     model, model_class, parameter_count, quality, quality_measure, latency_ns, on_front
-- Columns:
--   model            as the user's table names it
--   model_class      as the user's table names it
--   parameter_count  parameters
--   quality          value of the quality measure; lower is better
--   quality_measure  such as 'COCO FID'
--   latency_ns       ns of one request; NULL if unknown
--   on_front         true if no other model has at most as many parameters and at least the same
--                    quality, and is better in one of the two
--   beaten_by        one model that is better in this sense; NULL on the front
-- Never:   WHERE on_front <> (beaten_by IS NULL)
-- Plot:    Quality against size, with the Pareto front
WITH beaten AS (
  SELECT
    model.model,
    model.quality_measure,
    min(better.model) AS beaten_by
  FROM published_model AS model
  INNER JOIN published_model AS better
    ON
      model.quality_measure = better.quality_measure
      AND model.parameter_count >= better.parameter_count
      AND model.quality >= better.quality
      AND (model.parameter_count > better.parameter_count OR model.quality > better.quality)
  GROUP BY model.model, model.quality_measure
)

SELECT
  published_model.model,
  published_model.model_class,
  published_model.parameter_count,
  published_model.quality,
  quality_measure,
  published_model.latency_ns,
  beaten.beaten_by IS NULL AS on_front,
  beaten.beaten_by
FROM published_model
LEFT JOIN beaten USING (model, quality_measure)
ORDER BY quality_measure, published_model.parameter_count
