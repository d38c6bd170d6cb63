"""The reader of PyTorch's memory snapshots."""
