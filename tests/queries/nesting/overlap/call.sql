nesting('slice')
