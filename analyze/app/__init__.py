"""The workbench: a study in the browser."""
