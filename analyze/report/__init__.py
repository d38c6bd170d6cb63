"""Answers become one HTML page."""
