"""The `genscope` command: the only room that prints."""
