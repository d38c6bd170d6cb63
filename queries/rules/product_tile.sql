-- product_tile: the tiles of the output that kernels of matrix products compute per block.
--
-- Why:     a library picks the tile that it expects to be fastest; so does the prediction, among
--          these. Tensor-core tiles are those of cuBLAS and CUTLASS; small ones serve batches of
--          small matrices. Products in float32 run without tensor cores.
-- Grain:   one row per (math, tile_rows, tile_columns)
-- Inputs:  none
-- Columns:
--   math          'tensor' | 'float32'
--   tile_rows     rows of the output per block
--   tile_columns  columns of the output per block
--   peak_share    share of the float32 peak; NULL for tensor cores, see product_rate
--   is_batched    true for tiles that serve batches of small matrices only
SELECT
  math,
  tile_rows,
  tile_columns,
  peak_share::DOUBLE AS peak_share,
  is_batched
FROM (
  VALUES
  ('tensor', 256, 128, NULL, FALSE),
  ('tensor', 128, 256, NULL, FALSE),
  ('tensor', 128, 128, NULL, FALSE),
  ('tensor', 256, 64, NULL, FALSE),
  ('tensor', 64, 256, NULL, FALSE),
  ('tensor', 128, 64, NULL, FALSE),
  ('tensor', 64, 128, NULL, FALSE),
  ('tensor', 64, 64, NULL, FALSE),
  ('tensor', 32, 32, NULL, TRUE),
  ('tensor', 16, 16, NULL, TRUE),
  ('float32', 128, 128, 0.9, FALSE),
  ('float32', 64, 64, 0.8, FALSE),
  ('float32', 32, 32, 0.6, FALSE)
) AS tiles (math, tile_rows, tile_columns, peak_share, is_batched)
