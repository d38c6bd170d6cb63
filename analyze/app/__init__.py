"""A study in the browser."""
