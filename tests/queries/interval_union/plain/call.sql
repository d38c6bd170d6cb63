interval_union('busy')
