-- nsys_payload_field: the whole numbers in the extended payloads of NVTX ranges.
--
-- Why:     NCCL writes the message, the communicator and the reduction of each call there, and they
--          are exported as bytes: a header of 32 (the schema's number at 8, the payload's size at
--          16), then the fields at their offsets, all little-endian.
-- Grain:   one row per field of four or eight bytes of a payload whose layout is known
-- Inputs:  nsys_payload, nsys_payload_entry, nsys_payload_enum
-- Columns:
--   row_id  row of NVTX_EVENTS
--   name    name of the field: 'Message size [bytes]'
--   number  its value
--   label   name of that value, if the field is an enumeration: 'Sum'; else NULL
WITH entry AS (
  SELECT
    schema_id,
    name,
    any_value(coalesce(offset_bytes, 0)) AS offset_bytes,
    any_value(entry_type) AS entry_type,
    -- nvToolsExtPayload.h: 5 and 6 int, 15 and 16 of 32 bits, 9 and 10 long long, 17 and 18 of 64
    -- bits, 22 size_t; an enumeration of a program has the number of its own schema, from 2^24
    if(any_value(entry_type) IN (9, 10, 17, 18, 22), 8, 4) AS size_bytes
  FROM nsys_payload_entry
  WHERE entry_type IN (5, 6, 9, 10, 15, 16, 17, 18, 22) OR entry_type >= 16777216
  GROUP BY schema_id, name
  HAVING
    min(entry_type) = max(entry_type)
    AND min(coalesce(offset_bytes, 0)) = max(coalesce(offset_bytes, 0))
),

payload AS (
  SELECT
    row_id,
    hex(bytes) AS digits,
    octet_length(bytes) AS size_bytes,
    try_cast(
      '0x' || array_to_string(list_reverse(regexp_extract_all(substr(digits, 17, 16), '..')), '')
      AS UBIGINT
    ) AS schema_id,
    try_cast(
      '0x' || array_to_string(list_reverse(regexp_extract_all(substr(digits, 33, 16), '..')), '')
      AS UBIGINT
    ) AS payload_bytes
  FROM nsys_payload
),

field AS (
  SELECT
    payload.row_id,
    entry.name,
    entry.entry_type,
    try_cast('0x' || array_to_string(list_reverse(regexp_extract_all(
      substr(payload.digits, 65 + 2 * entry.offset_bytes, 2 * entry.size_bytes), '..'
    )), '') AS UBIGINT) AS number
  FROM payload
  INNER JOIN entry USING (schema_id)
  WHERE
    payload.size_bytes = 32 + payload.payload_bytes
    AND entry.offset_bytes >= 0
    AND entry.offset_bytes + entry.size_bytes <= payload.payload_bytes
),

enumerated AS (
  SELECT schema_id, number, min(name) AS name FROM nsys_payload_enum
  GROUP BY schema_id, number
  HAVING min(name) = max(name)
)

SELECT
  field.row_id,
  field.name,
  field.number,
  enumerated.name AS label
FROM field
LEFT JOIN enumerated
  ON field.entry_type = enumerated.schema_id AND field.number = enumerated.number
WHERE field.number IS NOT NULL
