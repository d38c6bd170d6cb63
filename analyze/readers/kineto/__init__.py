"""The reader of PyTorch-profiler traces (Kineto, Chrome JSON)."""
