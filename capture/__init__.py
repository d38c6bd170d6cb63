"""Record what a generative model does: run it for a few steps and write a run folder."""
