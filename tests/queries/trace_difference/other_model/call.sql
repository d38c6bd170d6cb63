trace_difference(first := 'a*', second := 'b*')
