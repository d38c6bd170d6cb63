"""One file per model; each has `build(settings)`, which returns the workload of one whole request."""
