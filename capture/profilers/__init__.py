"""One file per profiler; each has `record(settings, folder)`, which writes a trace into the folder and returns facts."""
