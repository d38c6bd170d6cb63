"""Captures without a device: shapes only, times predicted."""
