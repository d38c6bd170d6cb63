-- device_spec: published peak rates of devices, by name.
--
-- Why:     a trace names its device but not the device's peak rates. Rates are dense, without
--          sparsity; float32 is the plain rate, not TF32. Uncertain numbers are left out. The rows
--          are generated from genscope/devices.csv: add a device there, then run `make docs`.
-- Grain:   one row per device model
-- Inputs:  none
-- Columns:
--   rule_order     the first pattern that matches decides
--   pattern        regular expression (RE2) found anywhere in the device's name
--   memory_bytes   bytes that torch reports, less than the advertised size; NULL if unknown
--   sm_count       streaming multiprocessors, or compute units
--   half_flops     FLOP/s in float16 and bfloat16 with float32 sums; NULL if the device has no such
--                  rate
--   float32_flops  FLOP/s in float32
--   float8_flops   FLOP/s in float8; NULL if the device has no such rate
--   bytes_per_s    memory bandwidth, bytes/s
--   has_bfloat16   true if half_flops applies to bfloat16 too
--   source         where the numbers are published
SELECT
  rule_order,
  pattern,
  memory_bytes,
  sm_count,
  half_flops,
  float32_flops,
  float8_flops,
  bytes_per_s,
  has_bfloat16,
  source
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (1, 'B200', 191503138816, 148, 2.25e15, 75e12, 4.5e15, 8e12, TRUE, 'NVIDIA HGX B200 datasheet, per GPU'),
  (2, 'H200', 150109945856, 132, 989.4e12, 66.9e12, 1978.9e12, 4.8e12, TRUE, 'NVIDIA H200 datasheet (SXM)'),
  (3, 'H100.*PCIe', 84943044608, 114, 756e12, 51e12, 1513e12, 2e12, TRUE, 'NVIDIA H100 datasheet (PCIe)'),
  (4, 'H100.*(HBM3|SXM)', 85045477376, 132, 989.4e12, 66.9e12, 1978.9e12, 3.35e12, TRUE, 'NVIDIA H100 datasheet (SXM5)'),
  (5, 'A100.*80GB PCIe|A100 80GB PCIe', 84987740160, 108, 312e12, 19.5e12, NULL, 1.935e12, TRUE, 'NVIDIA A100 datasheet (80GB PCIe)'),
  (6, 'A100.*80GB', 84987740160, 108, 312e12, 19.5e12, NULL, 2.039e12, TRUE, 'NVIDIA A100 datasheet (80GB SXM)'),
  (7, 'A100.*40GB', 42297524224, 108, 312e12, 19.5e12, NULL, 1.555e12, TRUE, 'NVIDIA A100 datasheet (40GB)'),
  (8, 'L40S', 47803531264, 142, 362e12, 91.6e12, 733e12, 864e9, TRUE, 'NVIDIA L40S datasheet'),
  (9, 'NVIDIA L4$', NULL, 58, 121e12, 30.3e12, 242e12, 300e9, TRUE, 'NVIDIA L4 datasheet'),
  (10, 'NVIDIA A10$', NULL, 72, 125e12, 31.2e12, NULL, 600e9, TRUE, 'NVIDIA A10 datasheet'),
  (11, 'V100-(SXM2|DGXS)', NULL, 80, 125e12, 15.7e12, NULL, 900e9, FALSE, 'NVIDIA V100 datasheet (SXM2)'),
  (12, '(Tesla|NVIDIA) T4', 15828254720, 40, 65e12, 8.1e12, NULL, 320e9, FALSE, 'NVIDIA T4 datasheet'),
  (13, 'RTX 4090$', 25386352640, 128, 165.2e12, 82.6e12, 330.3e12, 1008e9, TRUE, 'NVIDIA Ada GPU architecture whitepaper'),
  (14, 'RTX 3090$', 25437405184, 82, 71e12, 35.6e12, NULL, 936e9, TRUE, 'NVIDIA GA102 whitepaper'),
  (15, 'RTX 2080 Ti', 11554586624, 68, 53.8e12, 13.4e12, NULL, 616e9, FALSE, 'NVIDIA Turing whitepaper (reference clocks)'),
  (16, 'MI355X', NULL, 256, 2516.6e12, 157.3e12, 5033.2e12, 8e12, TRUE, 'AMD Instinct MI355X datasheet'),
  (17, 'MI325X', NULL, 304, 1307.4e12, 163.4e12, 2614.9e12, 6e12, TRUE, 'AMD Instinct MI325X datasheet'),
  (18, 'MI300X', 206141652992, 304, 1307.4e12, 163.4e12, 2614.9e12, 5.3e12, TRUE, 'AMD Instinct MI300X datasheet'),
  (19, 'MI210', 68702699520, 104, 181e12, 22.6e12, NULL, 1.6e12, TRUE, 'AMD Instinct MI210 datasheet')
) AS specs (
  rule_order, pattern, memory_bytes, sm_count, half_flops, float32_flops, float8_flops,
  bytes_per_s, has_bfloat16, source
)
