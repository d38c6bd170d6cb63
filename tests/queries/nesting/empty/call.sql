(WITH none AS (FROM slice WHERE FALSE) FROM nesting('none'))
