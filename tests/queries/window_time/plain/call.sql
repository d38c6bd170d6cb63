window_time('state','step')
