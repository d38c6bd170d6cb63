interval_intersection('one', 'two')
