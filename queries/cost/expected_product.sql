-- expected_product: the time that each distinct matrix product should take.
--
-- Why:     a library splits the output into tiles, one per block; blocks run in waves over the
--          multiprocessors, so the last wave can be almost empty. The best of the tiles, and of
--          ways to split the sums, is close to what libraries choose.
-- Grain:   one row per row of operator_product
-- Inputs:  operator_product, modelled_device, product_tile, product_constant
-- Columns:
--   trace_id         trace.trace_id
--   signature_id     cpu_op.signature_id
--   name             cpu_op.name
--   input_dims       cpu_op.input_dims
--   input_strides    cpu_op.input_strides
--   input_types      cpu_op.input_types
--   concrete_inputs  cpu_op.concrete_inputs
--   kernel_kind      'product' | 'convolution'
--   expected_ns      ns of the product's kernels; NULL if the device lacks the peak
-- Kept:    view
WITH rated AS (
  SELECT
    operator_product.*,
    device.* EXCLUDE (trace_id),
    product_constant.*,
    CASE
      WHEN math = 'half' THEN half_flops
      WHEN math = 'float8' THEN float8_flops
      WHEN math = 'tf32' AND NOT coalesce(tf32_is_opt_in, FALSE) OR has_tf32 THEN tf32_flops
    END AS tensor_flops,
    if(tensor_flops IS NULL, 'float32', 'tensor') AS unit,
    coalesce(tensor_flops, float32_flops) AS peak_flops_per_s,
    -- convolutions reach less of the peak, whatever the tile
    if(is_convolution, convolution_share, peak_share) AS share,
    if(is_convolution, convolution_half_intensity, half_intensity) AS half,
    launch_ns + cold_ns AS start_ns
  FROM operator_product
  INNER JOIN modelled_device AS device USING (trace_id)
  CROSS JOIN product_constant
  WHERE math IS NOT NULL
),

tried AS (
  SELECT
    rated.*,
    tile.tile_rows,
    tile.tile_columns,
    ways.split_count,
    tile.tile_rows * tile.tile_columns / (tile.tile_rows + tile.tile_columns) AS intensity,
    -- of the sums, each block does one part, in steps of 64
    ceil(k / ways.split_count / 64) * 64 AS depth,
    ceil(m / tile.tile_rows) * ceil(n / tile.tile_columns) * batch * ways.split_count AS blocks,
    peak_flops_per_s / sm_count * coalesce(
      tile.peak_share,
      -- as a share of the largest tile's, whose intensity is 85.33
      share * intensity / (intensity + half) * (85.33 + half) / 85.33
    ) AS block_flops_per_s
  FROM rated
  INNER JOIN product_tile AS tile
    ON rated.unit = tile.math AND (NOT tile.is_batched OR rated.batch > 8)
  INNER JOIN (VALUES (1), (2), (4), (8), (16)) AS ways (split_count)
    ON
      ways.split_count = 1
      OR (rated.unit = 'tensor' AND NOT is_convolution AND k / ways.split_count >= 64)
  WHERE rated.is_aligned OR rated.unit = 'float32'
),

tiled AS (
  SELECT
    *,
    start_ns + if(split_count > 1, split_ns, 0) + model_ratio * greatest(
      ceil(blocks / sm_count) * depth * 2 * tile_rows * tile_columns / block_flops_per_s * 1e9,
      depth / 64 * if(unit = 'tensor', k_block_ns, 0),
      (bytes + if(split_count > 1, 4 * batch * m * n * split_count, 0))
      / (bytes_per_s * bytes_share) * 1e9,
      blocks / sm_count * least_block_ns
    ) AS expected_ns
  FROM tried
),

-- rows that are no multiple of 16 bytes are loaded element by element, and such convolutions run
-- without tensor cores: FLOPs per multiprocessor and clock
unaligned AS (
  SELECT
    *,
    start_ns + greatest(
      if(
        is_convolution,
        ceil(ceil(m / 128) * ceil(n / 128) * batch / sm_count) * 128 * least(n, 128)
        / plain_convolution_rate,
        m * n * batch / sm_count / unaligned_rate
      ) * 2 * k / clock_hz * 1e9,
      bytes / (bytes_per_s * bytes_share) * 1e9
    ) AS expected_ns
  FROM rated
  WHERE NOT is_aligned AND unit = 'tensor'
)

SELECT
  trace_id,
  signature_id,
  name,
  input_dims,
  input_strides,
  input_types,
  concrete_inputs,
  if(
    is_convolution, 'convolution' || if(ends_with(name, '_backward'), '_backward', ''), 'product'
  ) AS kernel_kind,
  min(expected_ns)::BIGINT AS expected_ns
FROM (
  SELECT * FROM tiled
  UNION ALL BY NAME
  SELECT * FROM unaligned
) AS ways
GROUP BY ALL
