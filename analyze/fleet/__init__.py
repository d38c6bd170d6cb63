"""Thousands of traces: one study for each in a lake, filled and asked by many processes."""
