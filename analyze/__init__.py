"""Read traces into DuckDB, answer with SQL, draw the answers. Never imports torch or capture."""
