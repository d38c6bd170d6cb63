"""What a study knows, written for other tools: Perfetto, Parquet, a copy of the user's own trace."""
