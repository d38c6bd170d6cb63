"""The reader of Nsight Compute reports."""
