-- nsys_text: the texts of an export, one per id.
--
-- Why:     an export that was merged from others may have an id twice, and a join would then
--          duplicate kernels.
-- Grain:   one row per id
-- Inputs:  nsys_string
-- Columns:
--   id     number of the text
--   value  the first text with that id

-- group by id only, because texts are long
WITH first_row AS (
  SELECT coalesce(min(row_id) FILTER (WHERE value IS NOT NULL), min(row_id)) AS row_id
  FROM nsys_string
  WHERE id IS NOT NULL
  GROUP BY id
)

SELECT
  id,
  value
FROM nsys_string
SEMI JOIN first_row USING (row_id)
