interval_stretch('busy')
