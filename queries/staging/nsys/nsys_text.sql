-- nsys_text: the texts of an export, each number once.
--
-- Why:     an export that was put together from others may hold a number twice, and a join would
--          then make two kernels of one.
-- Grain:   one row per id
-- Inputs:  nsys_string
-- Columns:
--   id     number of the text
--   value  the first text of that number

-- texts are long: numbers alone are grouped
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
