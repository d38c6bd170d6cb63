"""One folder per trace format: bytes in, raw typed rows out."""
