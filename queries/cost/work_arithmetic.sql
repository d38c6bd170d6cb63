-- work_arithmetic: the arithmetic of each matrix product, and its peak (131 lines because of TF32).
--
-- Why:     tensor cores multiply float32 operands in TF32 at eight times the rate, so the operands'
--          type alone gives a wrong ceiling. Of a kernel, its name says it; of a predicted time,
--          the predictor's choice.
-- Grain:   one row per (trace_id, work_id) of work with FLOPs
-- Inputs:  work, work_cost, work_op, cost_root, costed_call, scalar_type, trace_ceiling,
--          device_peak, kernel_tensor_core, operator_product, modelled_device, trace
-- From:    work_cost WHERE flops > 0
-- Columns:
--   trace_id          trace.trace_id
--   work_id           work.work_id
--   arithmetic        'float16' | 'bfloat16' | 'tf32' | '3xtf32' (three products for one of
--                     float32) | 'float32' | ...; NULL if unknown
--   peak_flops_per_s  FLOP/s, dense, of the work's device in it; NULL if unknown
-- Never:   WHERE peak_flops_per_s <= 0 OR (arithmetic IS NULL AND peak_flops_per_s IS NOT NULL)
WITH product AS (
  SELECT
    work.trace_id,
    work.work_id,
    work.time_source,
    work.device_id,
    work.name,
    work_cost.formula,
    cost_root.signature_id
  FROM work
  INNER JOIN work_cost USING (trace_id, work_id)
  INNER JOIN work_op USING (trace_id, work_id)
  INNER JOIN cost_root
    ON work_op.trace_id = cost_root.trace_id AND work_op.op_id = cost_root.op_id
  WHERE work_cost.flops > 0
),

-- a trace has few names, and matching one is slow
named AS (
  SELECT
    trace_id,
    name,
    regexp_matches(name, 'fmha_cutlass[FB]_f32_.*_sm[89]') AS is_3xtf32,
    regexp_matches(name, '(?i)tf32|xf32') AS is_tf32
  FROM (SELECT DISTINCT trace_id, name FROM product) AS listed
),

-- the second entry is an operand of every product
typed AS (
  SELECT
    costed_call.trace_id,
    costed_call.signature_id,
    scalar_type.dtype
  FROM costed_call
  INNER JOIN scalar_type
    ON try(json_extract_string(costed_call.input_types, '$[1]')) = scalar_type.type_name
),

-- the predictor gives float32 convolutions whose rows tensor cores can load to them
assumed AS (
  SELECT
    trace_id,
    operator_product.signature_id
  FROM operator_product
  INNER JOIN modelled_device USING (trace_id)
  INNER JOIN trace USING (trace_id)
  WHERE
    trace.predicted
    AND (
      operator_product.math = 'tf32' AND NOT coalesce(modelled_device.tf32_is_opt_in, FALSE)
      OR modelled_device.has_tf32
    )
    AND operator_product.is_aligned
),

operand AS (
  SELECT
    product.*,
    coalesce(typed.dtype, trace_ceiling.dtype) AS dtype,
    CASE
      -- as the predictor takes it, and as PyTorch compiles it
      WHEN
        product.time_source = 'predicted' AND starts_with(product.formula, 'attention')
        OR named.is_3xtf32
        THEN '3xtf32'
      WHEN
        -- AMD's matrix cores multiply float32 as it is, unless the name says otherwise
        used.tensor_core = 'yes' AND used.rule <> 'mfma'
        OR named.is_tf32
        OR assumed.signature_id IS NOT NULL
        THEN 'tf32'
      ELSE 'float32'
    END AS of_float32
  FROM product
  INNER JOIN named USING (trace_id, name)
  LEFT JOIN typed USING (trace_id, signature_id)
  LEFT JOIN assumed USING (trace_id, signature_id)
  LEFT JOIN trace_ceiling ON product.trace_id = trace_ceiling.trace_id
  LEFT JOIN kernel_tensor_core AS used
    ON product.trace_id = used.trace_id AND product.name = used.name
),

-- an operator of the host stands for work of the only kind of device
peak AS (
  SELECT trace_id, device_id, peak_flops_per_s AS rates FROM device_peak
  UNION ALL
  SELECT trace_id, -1 AS device_id, arg_min(peak_flops_per_s, device_id) AS rates FROM device_peak
  GROUP BY trace_id
  HAVING min(device_id) >= 0
),

decided AS (
  SELECT
    operand.trace_id,
    operand.work_id,
    peak.rates,
    -- a device without a rate for TF32 lacks the units
    if(
      operand.dtype = 'float32' AND try(peak.rates ->> 'tf32') IS NOT NULL,
      operand.of_float32, operand.dtype
    ) AS arithmetic
  FROM operand
  LEFT JOIN peak ON operand.trace_id = peak.trace_id AND operand.device_id = peak.device_id
)

SELECT
  trace_id,
  work_id,
  arithmetic,
  nullif(greatest(try_cast(try(rates ->> CASE
    WHEN starts_with(arithmetic, 'float8') THEN 'float8_e4m3fn'
    WHEN arithmetic = '3xtf32' THEN 'tf32'
    ELSE arithmetic
  END) AS DOUBLE), 0), 0) / if(arithmetic = '3xtf32', 3, 1) AS peak_flops_per_s
FROM decided
