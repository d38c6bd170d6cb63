"""Thousands of traces: studies of one or several in a lake, filled and asked by many processes."""
