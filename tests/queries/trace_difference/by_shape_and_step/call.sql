trace_difference(first := 't1', second := 't2', floor_ns := 0)
