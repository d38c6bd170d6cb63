trace_difference(first := 'a*', second := 'b*', floor_ns := 0)
