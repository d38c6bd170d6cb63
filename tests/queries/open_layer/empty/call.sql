(WITH none AS (FROM given_layer WHERE FALSE) FROM open_layer('none'))
