(WITH none AS (FROM state WHERE FALSE) FROM window_time('none','step'))
