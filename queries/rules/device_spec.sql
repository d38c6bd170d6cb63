-- device_spec: published sizes and peak rates of devices, by name.
--
-- Why:     a trace names its device but not the device's peak rates. Rates are dense, without
--          sparsity; float32 is the plain rate, not TF32. Uncertain numbers are left out. The rows
--          are generated from genscope/devices.csv: add a device there, then run `make docs`.
-- Grain:   one row per device model
-- Inputs:  none
-- Columns:
--   rule_order     the first pattern that matches decides
--   device         short name
--   pattern        regular expression (RE2) found anywhere in the device's name
--   memory_bytes   bytes that torch reports, less than the advertised size; NULL if unknown
--   sm_count       streaming multiprocessors, or compute units
--   clock_hz       highest clock of the multiprocessors, Hz
--   l2_bytes       level-2 cache, bytes
--   half_flops     FLOP/s in float16 and bfloat16 with float32 sums; NULL if the device has no such
--                  rate
--   tf32_flops     FLOP/s of float32 products in TF32; NULL if the device has no such rate
--   float32_flops  FLOP/s in float32
--   float8_flops   FLOP/s in float8; NULL if the device has no such rate
--   bytes_per_s    memory bandwidth, bytes/s
--   has_bfloat16   true if half_flops applies to bfloat16 too
--   tf32_is_opt_in  true if PyTorch's float32 convolutions use TF32 only if a program asks for it:
--                  on ROCm (pytorch/pytorch#190711); on NVIDIA's devices they do by themselves
--   rates_of       product_rate.device: itself, or the most similar device with fitted rates
--   source         where the numbers are published
SELECT
  rule_order,
  device,
  pattern,
  memory_bytes,
  sm_count,
  clock_hz,
  l2_bytes,
  half_flops,
  tf32_flops,
  float32_flops,
  float8_flops,
  bytes_per_s,
  has_bfloat16,
  tf32_is_opt_in,
  rates_of,
  source
FROM (
  VALUES
  -- noqa: disable=LT02,LT05
  (1, 'b300', '\bB300', 287416123392, 148, 1.92e9, 126e6, 2.25e15, 1.1e15, 75e12, 4.5e15, 8e12, TRUE, FALSE, 'h200', 'NVIDIA HGX B300 datasheet, per GPU'),
  (2, 'gb200', '\bGB200', NULL, 148, 1.965e9, 126e6, 2.5e15, 1.25e15, 80e12, 5e15, 8e12, TRUE, FALSE, 'h200', 'NVIDIA GB200 NVL72 datasheet, per GPU'),
  (3, 'b200', '\bB200', 191503138816, 148, 1.965e9, 126e6, 2.25e15, 1.1e15, 75e12, 4.5e15, 8e12, TRUE, FALSE, 'h200', 'NVIDIA HGX B200 datasheet, per GPU'),
  (4, 'gh200', 'GH200 480GB', NULL, 132, 1.98e9, 50e6, 989.4e12, 494.7e12, 66.9e12, 1978.9e12, 4e12, TRUE, FALSE, 'h200', 'NVIDIA GH200 datasheet (96GB HBM3)'),
  (5, 'h200', '\bH200', 150109945856, 132, 1.98e9, 50e6, 989.4e12, 494.7e12, 66.9e12, 1978.9e12, 4.8e12, TRUE, FALSE, 'h200', 'NVIDIA H200 datasheet (SXM)'),
  (6, 'h100-nvl', 'H100 NVL', NULL, 132, 1.785e9, 50e6, 835.5e12, 417.5e12, 60e12, 1670.5e12, 3.9e12, TRUE, FALSE, 'h100', 'NVIDIA H100 datasheet (NVL)'),
  (7, 'h100-pcie', 'H[18]00.*PCIe', 84943044608, 114, 1.755e9, 50e6, 756e12, 378e12, 51e12, 1513e12, 2e12, TRUE, FALSE, 'h100', 'NVIDIA H100 datasheet (PCIe)'),
  (8, 'h100', 'H100.*(HBM3|SXM)|H800', 85045477376, 132, 1.98e9, 50e6, 989.4e12, 494.7e12, 66.9e12, 1978.9e12, 3.35e12, TRUE, FALSE, 'h100', 'NVIDIA H100 datasheet (SXM5)'),
  (9, 'h20', '\bH20$', NULL, 78, 1.98e9, 60e6, 148e12, 74e12, 44e12, 296e12, 4e12, TRUE, FALSE, 'h100', 'NVIDIA H20 datasheet'),
  (10, 'a100-pcie', 'A[18]00.*80GB PCIe', 84987740160, 108, 1.41e9, 40e6, 312e12, 156e12, 19.5e12, NULL, 1.935e12, TRUE, FALSE, 'a100', 'NVIDIA A100 datasheet (80GB PCIe)'),
  (11, 'a100', 'A[18]00.*80GB', 84987740160, 108, 1.41e9, 40e6, 312e12, 156e12, 19.5e12, NULL, 2.039e12, TRUE, FALSE, 'a100', 'NVIDIA A100 datasheet (80GB SXM)'),
  (12, 'a100-40gb', 'A[18]00.*40GB|A100-PG509-200', 42297524224, 108, 1.41e9, 40e6, 312e12, 156e12, 19.5e12, NULL, 1.555e12, TRUE, FALSE, 'a100', 'NVIDIA A100 datasheet (40GB)'),
  (13, 'l40s', '\bL40S', 47803531264, 142, 2.52e9, 96e6, 362e12, 183e12, 91.6e12, 733e12, 864e9, TRUE, FALSE, 'a100', 'NVIDIA L40S datasheet'),
  (14, 'l20', '\bL20$', NULL, 92, 2.52e9, 96e6, 119.5e12, 59.8e12, 59.8e12, 239e12, 864e9, TRUE, FALSE, 'a100', 'NVIDIA L20 datasheet'),
  (15, 'l4', '\bL4$', NULL, 58, 2.04e9, 48e6, 121e12, 60e12, 30.3e12, 242e12, 300e9, TRUE, FALSE, 'a100', 'NVIDIA L4 datasheet'),
  (16, 'rtx-6000-ada', 'RTX 6000 Ada', NULL, 142, 2.505e9, 96e6, 364.2e12, 182.1e12, 91.1e12, 728.5e12, 960e9, TRUE, FALSE, 'a100', 'NVIDIA RTX 6000 Ada datasheet, Ada professional GPU architecture whitepaper'),
  (17, 'rtx-pro-6000', 'RTX PRO 6000 Blackwell Workstation', NULL, 188, 2.617e9, 128e6, 503.8e12, 251.9e12, 126e12, 1007.6e12, 1792e9, TRUE, FALSE, 'a100', 'NVIDIA RTX Blackwell PRO GPU architecture whitepaper'),
  (18, 'a6000', 'RTX A6000', NULL, 84, 1.8e9, 6e6, 154.8e12, 77.4e12, 38.7e12, NULL, 768e9, TRUE, FALSE, 'a100', 'NVIDIA RTX A6000 datasheet, GA102 whitepaper'),
  (19, 'a10', 'NVIDIA A10$', NULL, 72, 1.695e9, 6e6, 125e12, 62.5e12, 31.2e12, NULL, 600e9, TRUE, FALSE, 'a100', 'NVIDIA A10 datasheet'),
  (20, 'v100', 'V100-(SXM2|DGXS)', NULL, 80, 1.53e9, 6e6, 125e12, NULL, 15.7e12, NULL, 900e9, FALSE, FALSE, 'a100', 'NVIDIA V100 datasheet (SXM2)'),
  (21, 't4', '(Tesla|NVIDIA) T4', 15828254720, 40, 1.59e9, 4e6, 65e12, NULL, 8.1e12, NULL, 320e9, FALSE, FALSE, 'a100', 'NVIDIA T4 datasheet'),
  (22, 'rtx-5090', 'RTX 5090$', NULL, 170, 2.407e9, 96e6, 209.5e12, 104.8e12, 104.8e12, 419e12, 1792e9, TRUE, FALSE, 'a100', 'NVIDIA RTX Blackwell GPU architecture whitepaper'),
  (23, 'rtx-4090', 'RTX 4090$', 25386352640, 128, 2.52e9, 72e6, 165.2e12, 82.6e12, 82.6e12, 330.3e12, 1008e9, TRUE, FALSE, 'a100', 'NVIDIA Ada GPU architecture whitepaper'),
  (24, 'rtx-3090', 'RTX 3090$', 25437405184, 82, 1.695e9, 6e6, 71e12, 35.6e12, 35.6e12, NULL, 936e9, TRUE, FALSE, 'a100', 'NVIDIA GA102 whitepaper'),
  (25, 'rtx-3060', 'RTX 3060$', NULL, 28, 1.777e9, 3e6, 25.4e12, 12.7e12, 12.7e12, NULL, 360e9, TRUE, FALSE, 'a100', 'NVIDIA GeForce RTX 3060 specifications; tensor rates by SM and clock, as in the GA102 whitepaper'),
  (26, 'rtx-2080-ti', 'RTX 2080 Ti', 11554586624, 68, 1.545e9, 5.5e6, 53.8e12, NULL, 13.4e12, NULL, 616e9, FALSE, FALSE, 'a100', 'NVIDIA Turing whitepaper (reference clocks)'),
  (27, 'mi355x', 'MI355X', NULL, 256, 2.4e9, 32e6, 2516.6e12, NULL, 157.3e12, 5033.2e12, 8e12, TRUE, TRUE, 'a100', 'AMD Instinct MI355X datasheet'),
  (28, 'mi350x', 'MI350X', NULL, 256, 2.2e9, 32e6, 2306.9e12, NULL, 144.2e12, 4613.7e12, 8e12, TRUE, TRUE, 'a100', 'AMD Instinct MI350X datasheet'),
  (29, 'mi325x', 'MI325X', NULL, 304, 2.1e9, 32e6, 1307.4e12, 653.7e12, 163.4e12, 2614.9e12, 6e12, TRUE, TRUE, 'a100', 'AMD Instinct MI325X datasheet'),
  (30, 'mi300x', 'MI300X', 206141652992, 304, 2.1e9, 32e6, 1307.4e12, 653.7e12, 163.4e12, 2614.9e12, 5.3e12, TRUE, TRUE, 'a100', 'AMD Instinct MI300X datasheet'),
  (31, 'mi300a', 'MI300A', NULL, 228, 2.1e9, 24e6, 980.6e12, 490.3e12, 122.6e12, 1961.2e12, 5.3e12, TRUE, TRUE, 'a100', 'AMD Instinct MI300A datasheet'),
  (32, 'mi210', 'MI210', 68702699520, 104, 1.7e9, 8e6, 181e12, NULL, 22.6e12, NULL, 1.6e12, TRUE, TRUE, 'a100', 'AMD Instinct MI210 datasheet'),
  (33, 'cpu', '^nominal CPU$', NULL, 1, 2e9, 32e6, 1e11, NULL, 1e11, NULL, 2e10, TRUE, FALSE, 'a100', 'a nominal host: no data sheet')
) AS specs (
  rule_order, device, pattern, memory_bytes, sm_count, clock_hz, l2_bytes, half_flops, tf32_flops,
  float32_flops, float8_flops, bytes_per_s, has_bfloat16, tf32_is_opt_in, rates_of,
  source
)
