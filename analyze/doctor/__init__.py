"""What is wrong with a trace, and how that affects its answers."""
