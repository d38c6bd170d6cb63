interval_gap('busy')
