"""A file becomes rows: files are found, read into a database of their own, and put into the study."""
