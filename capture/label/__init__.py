"""Labels: which component, step, module and attention call is running."""
