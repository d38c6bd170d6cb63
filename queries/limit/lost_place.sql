-- lost_place(lost): where in the program lost work is, and what it computes.
--
-- Why:     work of one kind adds up where one change would shorten it: in one component, and for
--          attention and products with one shape.
-- Grain:   one row per row of `lost`: trace_id, kind, first_work_id, attention_call_id,
--          signature_id, and any other columns, as in lost_work
-- Inputs:  costed_call, work_group, attention_call
-- Columns:
--   trace_id   as given, as are all other columns of `lost`
--   component  see work_component; NULL if unknown
--   module     see work_module; NULL if unknown
--   op_name    operator that requested the work; of a product, the one with its cost
--   detail     shape of the attention call or of the product; NULL for other kinds
--   place      what the work of one opportunity has in common: component and shape; 'all' if that
--              is nothing. One switch makes all float32 products faster, but other products have a
--              fix for each shape
-- Kept:    view
WITH call AS (
  SELECT
    trace_id,
    attention_call_id,
    concat_ws(
      ', ', attention_kind,
      format('{:,} queries by {:,} keys', query_len, kv_len),
      'head size ' || head_dim,
      dtype
    ) AS detail
  FROM attention_call
  SEMI JOIN query_table(lost) AS asked USING (trace_id, attention_call_id)
),

known AS (
  SELECT
    loss.*,
    nullif(work_group.component, 'unattributed') AS component,
    nullif(work_group.module, 'unattributed') AS module,
    coalesce(product.name, nullif(work_group.op_name, 'unattributed')) AS op_name,
    coalesce(call.detail, product.input_dims) AS detail
  FROM query_table(lost) AS loss
  INNER JOIN work_group USING (trace_id, first_work_id)
  LEFT JOIN call USING (trace_id, attention_call_id)
  LEFT JOIN costed_call AS product USING (trace_id, signature_id)
)

SELECT
  *,
  coalesce(nullif(concat_ws(
    ' ', component, if(kind = 'float32_product', NULL, detail),
    if(kind IN ('odd_product', 'slow_product'), op_name, NULL)
  ), ''), 'all') AS place
FROM known
