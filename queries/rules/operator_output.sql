-- operator_output: operators that write other elements than they read.
--
-- Why:     a comparison of two float32 tensors writes one byte for each pair, not four; a maximum
--          over an axis also writes where it was.
-- Grain:   one row per operator
-- Inputs:  none
-- Columns:
--   op_name      name of the operator, such as 'aten::eq'
--   item_bytes   bytes of one element of the output; NULL if as wide as the inputs'
--   extra_bytes  bytes that it writes besides for each element: an index or a mask
SELECT
  'aten::' || unnest(string_split(names, ' ')) AS op_name,
  item_bytes::BIGINT AS item_bytes,
  extra_bytes::BIGINT AS extra_bytes
FROM (
  VALUES
  (1, 0, 'eq ne lt le gt ge logical_and logical_or logical_xor logical_not isnan any all'),
  -- sums of 8-bit integers
  (4, 0, '_int_mm'),
  (8, 0, 'argmax argmin'),
  (NULL, 8, 'max min max_pool2d_with_indices max_pool3d_with_indices'),
  (NULL, 1, 'native_dropout')
) AS known (item_bytes, extra_bytes, names)
