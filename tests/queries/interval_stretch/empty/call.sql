(WITH none AS (FROM busy WHERE FALSE) FROM interval_stretch('none'))
