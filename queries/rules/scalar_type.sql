-- scalar_type: the size of one element of each type that a trace can name.
--
-- Why:     the number of bytes follows from shapes only if the element size is known.
-- Grain:   one row per type name as PyTorch's profiler spells it
-- Inputs:  none
-- Columns:
--   type_name    as in cpu_op.input_types
--   dtype        torch's short name
--   scalar_name  c10::ScalarType by name, as in collective.dtype
--   code         c10::ScalarType, as in cpu_op.concrete_inputs (c10/core/ScalarType.h)
--   item_bytes   bytes of one element
SELECT
  type_name,
  dtype,
  scalar_name,
  code,
  item_bytes
FROM (
  VALUES
  ('unsigned char', 'uint8', 'Byte', 0, 1),
  ('signed char', 'int8', 'Char', 1, 1),
  ('short', 'int16', 'Short', 2, 2),
  ('int', 'int32', 'Int', 3, 4),
  ('long int', 'int64', 'Long', 4, 8),
  ('long', 'int64', 'Long', 4, 8),
  ('c10::Half', 'float16', 'Half', 5, 2),
  ('float', 'float32', 'Float', 6, 4),
  ('double', 'float64', 'Double', 7, 8),
  ('c10::complex<float>', 'complex64', 'ComplexFloat', 9, 8),
  ('c10::complex<double>', 'complex128', 'ComplexDouble', 10, 16),
  ('bool', 'bool', 'Bool', 11, 1),
  ('c10::BFloat16', 'bfloat16', 'BFloat16', 15, 2),
  ('c10::Float8_e5m2', 'float8_e5m2', 'Float8_e5m2', 23, 1),
  ('c10::Float8_e4m3fn', 'float8_e4m3fn', 'Float8_e4m3fn', 24, 1),
  ('c10::Float8_e5m2fnuz', 'float8_e5m2fnuz', 'Float8_e5m2fnuz', 25, 1),
  ('c10::Float8_e4m3fnuz', 'float8_e4m3fnuz', 'Float8_e4m3fnuz', 26, 1),
  ('unsigned short', 'uint16', 'UInt16', 27, 2),
  ('unsigned int', 'uint32', 'UInt32', 28, 4),
  ('unsigned long', 'uint64', 'UInt64', 29, 8),
  ('c10::Float8_e8m0fnu', 'float8_e8m0fnu', 'Float8_e8m0fnu', 44, 1)
) AS known (type_name, dtype, scalar_name, code, item_bytes)
