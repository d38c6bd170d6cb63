"""What is wrong with a trace, and what that costs."""
