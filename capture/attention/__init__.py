"""One switch for every implementation of attention."""
