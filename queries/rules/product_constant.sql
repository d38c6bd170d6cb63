-- product_constant: rates of products, convolutions and fused attention that hold for every device.
--
-- Why:     what a multiprocessor does per clock differs little between devices once their size,
--          clock and peak are taken out. bench/predictor.py fits these again from measured rows.
--          Those of attention are from tables of an A100 and an L40S, those of convolution from
--          traces of an H100.
-- Grain:   one row
-- Inputs:  none
-- Columns:
--   attention_launch_ns         ns before and after the work of fused attention
--   attention_block_clocks      least clocks of a block of 128 queries of one head
--   attention_latency_ns        ns of one block's start
--   attention_step_ns           ns of one step of 64 keys with a head size of 64
--   attention_split_ns          ns of the kernel that joins parts of the keys
--   attention_small_head_share  rate at head sizes up to 64, as a share of that above
--   attention_bytes_share       share of the memory bandwidth
--   convolution_share           share of the tensor peak that a convolution's largest tile reaches
--   convolution_half_intensity  FLOP/byte of a tile at which half of that is reached
--   plain_convolution_rate      FLOP per multiprocessor and clock without tensor cores
--   unaligned_rate              FLOP per multiprocessor and clock if rows can't be loaded in pieces
--   least_block_ns              ns of a block that does next to nothing
SELECT
  5000::DOUBLE AS attention_launch_ns,
  7280::DOUBLE AS attention_block_clocks,
  2500::DOUBLE AS attention_latency_ns,
  350::DOUBLE AS attention_step_ns,
  2500::DOUBLE AS attention_split_ns,
  0.92::DOUBLE AS attention_small_head_share,
  0.8::DOUBLE AS attention_bytes_share,
  0.651::DOUBLE AS convolution_share,
  60::DOUBLE AS convolution_half_intensity,
  105::DOUBLE AS plain_convolution_rate,
  242::DOUBLE AS unaligned_rate,
  120::DOUBLE AS least_block_ns
