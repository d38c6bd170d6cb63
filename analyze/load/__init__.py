"""Files become rows: find them, read each into a scratch database, and put it into the study."""
