(WITH none AS (FROM nested WHERE FALSE) FROM timeline('none'))
